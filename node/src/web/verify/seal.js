// Seals: a shape, bars and a word for each level, and a ring of fine lines that follows from the label's number. It is pretty, and two
// labels look different.

const SVG = "http://www.w3.org/2000/svg";

function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  element.append(...children);
  return element;
}

const round = (number) => Math.round(number * 100) / 100;

/** A closed path through points given by angle and distance from the middle (120, 120). */
function closedPath(count, distance) {
  const points = Array.from({ length: count }, (_, at) => {
    const angle = (2 * Math.PI * at) / count - Math.PI / 2;
    const from = distance(at, angle);
    return `${round(120 + from * Math.cos(angle))} ${round(120 + from * Math.sin(angle))}`;
  });
  return `M${points.join("L")}Z`;
}

/** The outline of a level: circle, octagon, or a seal with twelve points. */
function outline(of, size) {
  if (of === "BRONZE") return closedPath(180, () => size);
  if (of === "GOLD") return closedPath(24, (at) => (at % 2 === 0 ? size * 1.05 : size * 0.9));
  return closedPath(16, (at) => (at % 2 === 1 ? size * 1.045 : size * 1.045 * Math.cos(Math.PI / 8)));
}

/** Three waves around the seal, shaped by twelve bytes of the label's number. */
function guilloche(id) {
  const bytes = fromHex(id.slice(0, 24));
  return [0, 4, 8].map((at, layer) => {
    const [waves, depth, turn, second] = bytes.slice(at, at + 4);
    const count = 9 + (waves % 13);
    const wave = (angle) => Math.sin(count * angle + turn / 40) * (4 + (depth % 5)) + Math.sin((count + 5 + (second % 7)) * angle) * 3;
    return svg("path", { class: "guilloche", d: closedPath(540, (_, angle) => 101 + layer * 3 + wave(angle)) });
  });
}

/** The seal of a label; hollow when it is not valid. */
function sealOf({ id, level: of }, isValid, title, word) {
  const bars = { BRONZE: 1, SILVER: 2, GOLD: 3 }[of];
  const lines = Array.from({ length: bars }, (_, at) =>
    svg("rect", { class: "seal-ink", x: 84, y: 106 - 15 * (bars - 1) + 15 * at, width: 72, height: 7, rx: 3.5 }),
  );
  return svg(
    "svg",
    { class: `seal ${of.toLowerCase()}${isValid ? "" : " hollow"}`, viewBox: "0 0 240 240", role: "img", "aria-label": title },
    ...guilloche(id),
    svg("path", { class: "seal-body", d: outline(of, 84) }),
    svg("path", { class: "seal-line", d: outline(of, 76) }),
    ...lines,
    svg("text", { class: "seal-word", x: 120, y: 148, "text-anchor": "middle" }, word.toUpperCase()),
  );
}

/** What stands beside a verdict: never colour alone. */
const SIGNS = {
  ok: "M5 12.5l4.5 4.5L19 7.5",
  wait: "M12 6.5v6l4 2.5",
  warn: "M12 6.5v7M12 17.2v.1",
  bad: "M7 7l10 10M17 7L7 17",
  none: "M7 12h10",
};

function signOf(tone) {
  return svg(
    "svg",
    { class: "sign", viewBox: "0 0 24 24", "aria-hidden": "true" },
    svg("circle", { cx: 12, cy: 12, r: 10.5 }),
    svg("path", { d: SIGNS[tone] }),
  );
}
