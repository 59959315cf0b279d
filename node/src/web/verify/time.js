// Whole seconds and whole months, without a time zone: everything in a label is UTC.

const LAST_SECOND = 253402300799;
const STAMP = /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z$/;

/** Seconds since 1970 of `2026-11-24T05:00:00Z`; null for anything else. */
function secondsOf(stamp) {
  const parts = STAMP.exec(stamp)?.slice(1).map(Number);
  if (!parts) return null;
  const [year, month, day, hour, minute, second] = parts;
  if (year < 1970) return null;
  const seconds = Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
  return stampOf(seconds) === stamp ? seconds : null;
}

function stampOf(seconds) {
  return new Date(seconds * 1000).toISOString().replace(/\.000Z$/, "Z");
}

/** Months since the year 0 of `2026-11`; null for anything else. */
function monthIndex(text) {
  const parts = /^([0-9]{4})-([0-9]{2})$/.exec(text)?.slice(1).map(Number);
  if (!parts || parts[0] < 1970 || parts[1] < 1 || parts[1] > 12) return null;
  return parts[0] * 12 + parts[1] - 1;
}

const LAST_MONTH = 9999 * 12 + 11;

function monthText(index) {
  return `${String(Math.floor(index / 12)).padStart(4, "0")}-${String((index % 12) + 1).padStart(2, "0")}`;
}

/** `count` months later, at most December 9999. */
function monthsLater(index, count) {
  return Math.min(index + count, LAST_MONTH);
}

/** The month of a time. */
function monthOf(seconds) {
  const date = new Date(seconds * 1000);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** The last second of a month. */
function lastSecond(index) {
  return index >= LAST_MONTH ? LAST_SECOND : Date.UTC(Math.floor((index + 1) / 12), (index + 1) % 12, 1) / 1000 - 1;
}
