const board = document.getElementById("board");
async function refresh() {
    try {
        const text = await (await fetch("board")).text();
        if (text !== board.text) board.innerHTML = board.text = text;
        document.body.className = "";
    } catch {
        document.body.className = "lost";
    }
    setTimeout(refresh, 2000);
}
refresh();

// On a projector nobody scrolls: what does not fit comes by itself, part by part, unless someone has just scrolled.
let touched = -Infinity;
for (const kind of ["wheel", "pointerdown", "keydown"]) addEventListener(kind, () => { touched = Date.now(); });
setInterval(() => {
    const whole = document.documentElement;
    if (matchMedia("(max-width: 45rem)").matches || Date.now() - touched < 60000) return;
    const atEnd = whole.scrollTop + innerHeight >= whole.scrollHeight - 2;
    scrollTo(0, atEnd ? 0 : whole.scrollTop + 0.7 * innerHeight);
}, 6000);
