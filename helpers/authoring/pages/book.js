// What Sphinx leaves undone for those who read by keyboard or by ear.
for (const box of document.querySelectorAll("pre, .output, .table-wrapper"))
  if (box.scrollWidth > box.clientWidth)
    box.tabIndex = 0;
for (const caption of document.querySelectorAll("p.caption[role=heading]"))
  caption.ariaLevel = 2;
