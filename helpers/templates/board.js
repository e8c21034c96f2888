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
