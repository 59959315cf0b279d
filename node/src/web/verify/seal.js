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

/** A ring of interlaced lines, shaped by six bytes of the label's number. */
function guilloche(id) {
  const [waves, swell, swells, turn, strands, lean] = fromHex(id.slice(0, 12));
  const [count, slow, threads] = [14 + (waves % 13), 3 + (swells % 6), 6 + (strands % 3)];
  return Array.from({ length: threads }, (_, thread) => {
    const phase = (2 * Math.PI * thread) / threads;
    const height = (angle) => 5.5 + 2.5 * Math.sin(slow * angle + turn / 40);
    const distance = (_, angle) => 104 + height(angle) * Math.sin(count * angle + phase + (lean / 99) * Math.sin((1 + (swell % 3)) * angle));
    return svg("path", { class: "guilloche", d: closedPath(count * 22, distance) });
  });
}

/** The seal of a label; hollow when it is not valid. */
function sealOf({ id, level: of }, isValid, { title, word, caption }) {
  const bars = { BRONZE: 1, SILVER: 2, GOLD: 3 }[of];
  const lines = Array.from({ length: bars }, (_, at) =>
    svg("rect", { class: "seal-ink", x: 86, y: 97 - 13 * (bars - 1) + 13 * at, width: 68, height: 6.5, rx: 3.25 }),
  );
  return svg(
    "svg",
    { class: `seal ${of.toLowerCase()}${isValid ? "" : " hollow"}`, viewBox: "0 0 240 240", role: "img", "aria-label": title },
    ...guilloche(id),
    svg("path", { class: "seal-body", d: outline(of, 86) }),
    svg("path", { class: "seal-line", d: outline(of, 78) }),
    ...lines,
    svg("text", { class: "seal-word", x: 120, y: 137, "text-anchor": "middle" }, word.toUpperCase()),
    svg("text", { class: "seal-caption", x: 120, y: 159, "text-anchor": "middle" }, caption),
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
