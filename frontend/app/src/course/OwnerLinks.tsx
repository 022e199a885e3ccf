import { Button } from "@mantine/core";
import { Link } from "react-router";

import { Icon } from "../ui/icons";

const pages = [
  { path: "live", label: "Live", icon: "pulse" },
  { path: "people", label: "People", icon: "people" },
  { path: "analytics", label: "Analytics", icon: "chart" },
] as const;

export type OwnerPage = (typeof pages)[number]["path"];

/** To the pages of a course that only its owner has, but for the one that is shown. */
export function OwnerLinks({ slug, but }: { slug: string; but?: OwnerPage }) {
  return pages
    .filter(({ path }) => path !== but)
    .map(({ path, label, icon }) => (
      <Button
        key={path}
        component={Link}
        to={`/courses/${slug}/${path}`}
        variant="light"
        leftSection={<Icon name={icon} size={18} />}
      >
        {label}
      </Button>
    ));
}
