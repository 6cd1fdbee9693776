// Menus (details with a box of their own) close on Escape, and when somebody clicks
// or tabs elsewhere. Without this file their summary closes them.
'use strict';
(() => {
  const menus = 'details.menu, details.new, details.drawer';
  const shut = (except) => {
    for (const menu of document.querySelectorAll(menus)) {
      if (menu.open && !menu.contains(except)) menu.open = false;
    }
  };
  document.addEventListener('click', (e) => shut(e.target));
  document.addEventListener('focusin', (e) => shut(e.target));
  document.addEventListener('keydown', (e) => {
    if (e.key !== 'Escape' || e.defaultPrevented) return;
    const open = [...document.querySelectorAll(menus)].filter((menu) => menu.open).pop();
    if (!open) return;
    const inside = open.contains(document.activeElement);
    open.open = false;
    if (inside) open.querySelector('summary').focus();
    e.preventDefault();
  });
})();
