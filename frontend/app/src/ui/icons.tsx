/** The few icons the app needs, drawn with the text's colour. Decoration: whatever carries one says it in words too. */

const paths = {
  sun: "M12 3v2m0 14v2m9-9h-2M5 12H3m15.4-6.4-1.4 1.4M7 17l-1.4 1.4m12.8 0L17 17M7 7 5.6 5.6M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0Z",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z",
  search: "m20 20-4-4m2-5a7 7 0 1 1-14 0 7 7 0 0 1 14 0Z",
  list: "M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01",
  check: "m5 12.5 4.5 4.5L19 7.5",
  file: "M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8Zm0 0v5h5",
  download: "M12 4v11m0 0 4-4m-4 4-4-4M5 20h14",
  left: "m14 6-6 6 6 6",
  right: "m10 6 6 6-6 6",
  clock: "M12 8v4.5l3 1.5m6-2a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z",
  people: "M16 19v-1a4 4 0 0 0-4-4H8a4 4 0 0 0-4 4v1m12-8a3 3 0 0 0 0-6m4 14v-1a4 4 0 0 0-2.5-3.7M13 8a3 3 0 1 1-6 0 3 3 0 0 1 6 0Z",
  chart: "M5 20v-8m7 8V4m7 16v-5",
  pulse: "M3 12h4l3-8 5 16 3-8h3",
  help: "M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4m0 3.5h.01M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12Zm12.5 0a3 3 0 1 1-6 0 3 3 0 0 1 6 0Z",
  bell: "M18 9a6 6 0 1 0-12 0c0 6-2.5 7-2.5 7h17S18 15 18 9m-4.3 11a2 2 0 0 1-3.4 0",
  seat: "M7 4v8h10V4M5 10v7h14v-7M7 17v3m10-3v3",
  hourglass: "M7 3h10M7 21h10M8 3v4l4 5 4-5V3M8 21v-4l4-5 4 5v4",
  cross: "m6 6 12 12M18 6 6 18",
  flag: "M5 21V4h13l-3 4.5 3 4.5H5",
  seal: "M12 3a6 6 0 1 0 0 12 6 6 0 0 0 0-12Zm-3.5 11L7 21l5-2.5L17 21l-1.5-7",
  word: "M4 5h16v11H9l-5 4Z",
  signOut: "M10 20H6a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2h4m5 12 4-4m0 0-4-4m4 4H9",
} as const;

export function Icon({ name, size = 20 }: { name: keyof typeof paths; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.9"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={paths[name]} />
    </svg>
  );
}

export function Logo({ size = 30 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="9" fill="var(--mantine-primary-color-filled)" />
      <path
        d="M5 17h5l3-8 5 15 3.5-10 1.5 3h4"
        fill="none"
        stroke="#fff"
        strokeWidth="2.6"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
