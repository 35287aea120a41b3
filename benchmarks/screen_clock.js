// Notes, in the page itself, when a button was clicked and when a text was first painted: looking from outside costs
// a tenth of a second. Times are milliseconds since 1970.
(() => {
  const now = () => performance.timeOrigin + performance.now();
  const clock = (window.screenClock = { wanted: null, clicked: null, found: null, painted: null, sent: [], got: [] });

  clock.arm = (button, text) => {
    Object.assign(clock, { clicked: null, found: null, painted: null, sent: [], got: [] });
    clock.button = button;
    clock.wanted = new RegExp(text);
  };
  window.addEventListener("click", (event) => {
    const pressed = event.composedPath().find((node) => node.tagName === "BUTTON");
    if (pressed?.textContent.includes(clock.button)) clock.clicked = performance.timeOrigin + event.timeStamp;
  }, true);

  const look = (changes) => {
    if (!clock.clicked || clock.found) return;
    for (const { target } of changes) {
      const holder = target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement;
      if (!holder || !clock.wanted.test(holder.textContent) || !holder.getClientRects().length) continue;
      clock.found = now();
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel(); // its message comes right after the frame
        port1.onmessage = () => (clock.painted = now());
        port2.postMessage(0);
      });
      return;
    }
  };
  const watch = (root) =>
    new MutationObserver(look).observe(root, { subtree: true, childList: true, characterData: true });
  watch(document);
  const attach = Element.prototype.attachShadow; // a drawing of its own, like the hive, hides from the document
  Element.prototype.attachShadow = function (options) {
    const root = attach.call(this, options);
    watch(root);
    return root;
  };

  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    clock.sent.push([now(), data.byteLength ?? data.size ?? data.length]);
    if (!this.noted) {
      this.noted = true;
      this.addEventListener("message", ({ data: got }) => clock.got.push([now(), got.byteLength ?? got.size ?? got.length]));
    }
    return send.call(this, data);
  };
})();
