import { Stack, Title } from "@mantine/core";

import { displayName, useUser } from "../auth/user";
import { Catalogue } from "../courses/Catalogue";
import { YourCourses } from "../courses/YourCourses";
import { useTitle } from "../ui/title";

export function CoursesPage() {
  useTitle("Courses");
  const user = useUser();
  return (
    <Stack gap={40} maw={1120} mx="auto">
      <section aria-labelledby="yours">
        <Title order={1} size="h2" mb={4}>
          Hello, {user.first_name || displayName(user)}
        </Title>
        <Title order={2} size="h4" c="dimmed" fw={500} mb="md" id="yours">
          Your courses
        </Title>
        <YourCourses />
      </section>
      <Catalogue />
    </Stack>
  );
}
