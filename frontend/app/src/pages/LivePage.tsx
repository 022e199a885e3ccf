import { Alert, Card, Group, Skeleton, Stack, Switch } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { useSearchParams } from "react-router";

import { patch } from "../api/http";
import { coursePath, courseQuery, outlineQuery } from "../api/queries";
import { contentsOf } from "../course/context";
import { OwnedCourse } from "../course/OwnedCourse";
import { Connection } from "../live/Connection";
import { Fold } from "../watch/Fold";
import { Live } from "../watch/Live";
import { useLesson } from "../watch/useLesson";
import { hidesNames } from "../watch/words";

/** Whether the course shows only how many learn in it: its owner decides, and everybody is told. */
function Anonymity({ slug }: { slug: string }) {
  const queries = useQueryClient();
  const { data } = useQuery(courseQuery(slug));
  const change = useMutation({
    mutationFn: (is_anonymous: boolean) => patch(coursePath(slug), { is_anonymous }),
    onSettled: () => queries.invalidateQueries({ queryKey: courseQuery(slug).queryKey }),
  });
  return (
    <div>
      <Switch
        label="Watch anonymously"
        description="Only how many learn is shown, and not who. Learners are told."
        checked={change.isPending ? change.variables : (data?.is_anonymous ?? false)}
        onChange={(event) => {
          change.mutate(event.currentTarget.checked);
        }}
      />
      {change.error && (
        <Alert color="red" role="alert" py="xs" mt="xs">
          {change.error.message}
        </Alert>
      )}
    </div>
  );
}

function Watched({ slug }: { slug: string }) {
  const { lesson, again } = useLesson(slug);
  const { data } = useQuery(outlineQuery(slug));
  const course = useQuery(courseQuery(slug));
  const contents = useMemo(() => (data ? contentsOf(data.modules) : []), [data]);
  // In the address: what is on a projector stays as it is when the page is loaded anew.
  const [search, setSearch] = useSearchParams();
  const areNamesHidden = hidesNames(search);
  return (
    <Stack gap="lg">
      <Card padding="sm">
        <Group justify="space-between" gap="md">
          <Connection />
          <Fold title="Who sees what">
            <Group gap="xl">
              <Switch
                label="Hide names"
                description="For a projector. On this page only."
                checked={areNamesHidden}
                onChange={(event) => {
                  setSearch(event.currentTarget.checked ? { names: "hidden" } : {}, { replace: true });
                }}
              />
              <Anonymity slug={slug} />
            </Group>
          </Fold>
        </Group>
      </Card>
      {lesson ? (
        <Live
          slug={slug}
          lesson={lesson}
          contents={contents}
          areNamesHidden={areNamesHidden}
          isAnonymous={course.data?.is_anonymous ?? false}
          again={again}
        />
      ) : (
        <Skeleton height={320} aria-busy="true" />
      )}
    </Stack>
  );
}

/** Who learns in a course just now, for its owner and staff. */
export function LivePage() {
  return (
    <OwnedCourse title="Live" page="live" isWide>
      {(slug) => <Watched slug={slug} />}
    </OwnedCourse>
  );
}
