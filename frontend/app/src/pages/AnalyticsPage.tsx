import { Button, Group, Skeleton, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { ActivityPlot } from "../analytics/ActivityPlot";
import { Away } from "../analytics/Away";
import { ContentTimes } from "../analytics/ContentTimes";
import { Stops } from "../analytics/Stops";
import { Totals } from "../analytics/Totals";
import { fileAddress } from "../api/http";
import { analyticsQuery, coursePath } from "../api/queries";
import { OwnedCourse } from "../course/OwnedCourse";
import { Icon } from "../ui/icons";
import { Failure } from "../ui/states";

/** How a course is taken: who, when, how long, and how far. */
function Analytics({ slug }: { slug: string }) {
  const { data, error, refetch } = useQuery(analyticsQuery(slug));
  if (!data) {
    if (error) return <Failure error={error} retry={refetch} />;
    return (
      <Stack aria-busy="true">
        <Skeleton height={120} />
        <Skeleton height={300} />
        <Skeleton height={300} />
      </Stack>
    );
  }
  return (
    <Stack gap="lg">
      <Totals totals={data.totals} />
      <ActivityPlot activity={data.activity} />
      <ContentTimes slug={slug} times={data.contents} />
      <Stops slug={slug} stops={data.stops} />
      <Away {...data.inactive} />
      <Group>
        <Button
          component="a"
          href={fileAddress(coursePath(slug, "analytics/learners.csv"))}
          variant="light"
          leftSection={<Icon name="download" size={18} />}
        >
          Download all learners (CSV)
        </Button>
      </Group>
    </Stack>
  );
}

export function AnalyticsPage() {
  return (
    <OwnedCourse title="Analytics" page="analytics">
      {(slug) => <Analytics slug={slug} />}
    </OwnedCourse>
  );
}
