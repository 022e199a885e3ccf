import { Progress, Text } from "@mantine/core";
import { NavLink } from "react-router";

import type { CourseDetail, Outline } from "../api/types";
import { Icon } from "../ui/icons";
import { contentPath } from "./context";
import classes from "./outline.module.css";

/** The way through a course: its modules, and in each the contents, with what is done ticked off. */
export function OutlineNav({ course, outline }: { course: CourseDetail; outline: Outline }) {
  return (
    <nav aria-label="Course contents">
      <NavLink to={`/courses/${course.slug}`} end className={() => classes.course}>
        {course.title}
      </NavLink>
      {course.enrollment && outline.enrollment && (
        <div className={classes.whole}>
          <Progress value={Math.floor(course.enrollment.progress_percentage)} size="sm" aria-label="Your progress in this course" />
          <Text size="xs" c="dimmed">
            {Math.floor(course.enrollment.progress_percentage)} % done
          </Text>
        </div>
      )}
      {outline.modules.map((module) => (
        <section key={module.id} aria-label={module.title} className={classes.module}>
          <div className={classes.heading}>
            <Text size="xs" fw={700} c="dimmed">
              {module.title}
            </Text>
            <Text size="xs" c="dimmed">
              {Math.floor(module.percent)} %
            </Text>
          </div>
          <Progress value={Math.floor(module.percent)} size={3} mx={10} mb={4} aria-label={`Progress in ${module.title}`} />
          <ul className={classes.list}>
            {module.contents.map((content) => (
              <li key={content.id}>
                <NavLink to={contentPath(course.slug, content)} className={() => classes.content}>
                  <span className={classes.mark} data-done={content.completed || undefined}>
                    {content.completed && <Icon name="check" size={14} />}
                  </span>
                  <span>{content.title}</span>
                  {content.completed && <span className={classes.done}>Done</span>}
                </NavLink>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </nav>
  );
}
