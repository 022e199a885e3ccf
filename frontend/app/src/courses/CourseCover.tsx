import classes from "./cards.module.css";

const bands = [
  ["#5a59dc", "#a463e8"],
  ["#0f9d8a", "#3b82d6"],
  ["#d9527c", "#f08a4b"],
  ["#2f7fd8", "#5fb7e5"],
  ["#8a4fd3", "#e0609f"],
  ["#2f9e5b", "#a5b83a"],
] as const;

/** Always the same for the same name. */
function bandOf(name: string): readonly [string, string] {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return bands[hash % bands.length] ?? bands[0];
}

/** A band of colour that is a course's own. Decoration. */
export function CourseCover({ name }: { name: string }) {
  const [from, to] = bandOf(name);
  return (
    <div aria-hidden="true" className={classes.cover} style={{ background: `linear-gradient(115deg, ${from}, ${to})` }}>
      <svg viewBox="0 0 320 56" preserveAspectRatio="xMaxYMid slice" fill="none">
        <path d="M0 34h150l12-20 18 36 14-26 8 10h118" stroke="#fff" strokeOpacity=".4" strokeWidth="2.5" />
      </svg>
    </div>
  );
}
