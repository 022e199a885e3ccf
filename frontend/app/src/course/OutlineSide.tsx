import { Button, Drawer } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useState } from "react";
import { useLocation } from "react-router";

import type { CourseDetail, Outline } from "../api/types";
import { Icon } from "../ui/icons";
import classes from "./course.module.css";
import { OutlineNav } from "./OutlineNav";

/** The contents beside the page, or on a small screen behind a button. */
export function OutlineSide({ course, outline }: { course: CourseDetail; outline: Outline }) {
  const isWide = useMediaQuery("(min-width: 62em)", true, { getInitialValueInEffect: false });
  const { pathname } = useLocation();
  /** The page on which the drawer was opened: going to another closes it. */
  const [openedOn, setOpenedOn] = useState<string | null>(null);
  const nav = <OutlineNav course={course} outline={outline} />;
  const close = (): void => {
    setOpenedOn(null);
  };
  if (isWide) return <div className={classes.side}>{nav}</div>;
  return (
    <div className={classes.opener}>
      <Button
        variant="default"
        size="sm"
        leftSection={<Icon name="list" size={18} />}
        aria-haspopup="dialog"
        onClick={() => {
          setOpenedOn(pathname);
        }}
      >
        Contents
      </Button>
      <Drawer opened={openedOn === pathname} onClose={close} title="Contents" size="min(88vw, 360px)">
        {nav}
      </Drawer>
    </div>
  );
}
