// Numbered chips; a chip, or a number in the text above, opens its passage in a panel at the right.
// All text is set as text, never as HTML.
const make = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};

function fill(panel, source) {
  const close = make("button", { class: "close", type: "button", "aria-label": "Close the source" }, "×");
  close.onclick = () => panel.hidePopover();
  const passage = make("div", { class: "passage" });
  source.passage.forEach((sentence, place) => {
    const cited = source.cited.includes(place);
    passage.append(make("p", cited ? { class: "cited" } : {}, sentence));
  });
  // A file that an admin added may have no page behind it.
  const host = source.url ? new URL(source.url).hostname.replace(/^www\./, "") : "";
  const go = host ? [make("a", { class: "go", href: source.url, target: "_blank", rel: "noopener noreferrer" }, `Check it on ${host}`)] : [];
  panel.replaceChildren(
    make("div", { class: "top" }, make("b", {}, String(source.number)), make("h2", { tabindex: "-1" }, source.title), close),
    make("p", { class: "where" }, `${source.topic} · ${source.section}`),
    passage,
    ...go,
    make("p", { class: "note" }, host ? "Marked sentences are the ones this answer takes from the passage; the page behind the link is where they can be checked." : "Marked sentences are the ones this answer takes from a file that was added here; no public page is known for it."),
  );
}

export default function (component) {
  const { data, parentElement } = component;
  const list = parentElement.querySelector(".chips");
  const panel = parentElement.querySelector(".panel");
  let opener = null;
  const open = (source, from) => {
    opener = from;
    fill(panel, source);
    panel.setAttribute("aria-label", `Source ${source.number}: ${source.title}`);
    if (!panel.matches(":popover-open")) panel.showPopover();
    panel.scrollTop = 0;
    panel.querySelector(".close").focus({ preventScroll: true });
  };
  // The same page may back two sections: then the section tells its chips apart.
  const twice = (source) => data.sources.filter((entry) => entry.url === source.url).length > 1;
  const name = (source) => (twice(source) ? `${source.title} · ${source.section}` : source.title);
  list.replaceChildren(
    ...data.sources.map((source) => {
      const chip = make("button", { class: "chip", type: "button", "aria-haspopup": "dialog" });
      chip.append(make("b", {}, String(source.number)), make("span", {}, name(source)));
      chip.onclick = () => open(source, chip);
      return make("li", {}, chip);
    }),
  );
  panel.ontoggle = (event) => {
    if (event.newState === "closed" && opener) opener.focus({ preventScroll: true });
  };
  const clicked = (event) => {
    const link = event.target.closest?.(`a[href*="#${data.anchor}-"]`);
    const number = link && Number(link.getAttribute("href").split("-").pop());
    const source = link && data.sources.find((entry) => entry.number === number);
    if (!source) return;
    event.preventDefault();
    event.stopPropagation();
    open(source, link);
  };
  document.addEventListener("click", clicked, true);
  return () => document.removeEventListener("click", clicked, true);
}
