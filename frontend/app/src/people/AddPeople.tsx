import { Alert, Button, FileInput, Group, List, Stack, Table, Text, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ApiError, type LineProblem, post } from "../api/http";
import { coursePath, peopleKey } from "../api/queries";
import type { Imported } from "../api/types";
import { Icon } from "../ui/icons";

/** So many names are shown of a long list. */
const NAMES_SHOWN = 20;

function bodyOf(file: File | null, typed: string, isDryRun: boolean): unknown {
  if (file === null) return { learners: typed.trimEnd().split("\n"), dry_run: isDryRun };
  const form = new FormData();
  form.set("file", file);
  form.set("dry_run", String(isDryRun));
  return form;
}

const people = (count: number): string => (count === 1 ? "1 person" : `${count} people`);

function Problems({ error }: { error: Error }) {
  const lines: LineProblem[] = error instanceof ApiError ? error.lines : [];
  if (lines.length === 0) {
    return (
      <Alert color="red" role="alert" title="Nobody was enrolled">
        {error.message}
      </Alert>
    );
  }
  return (
    <Alert color="red" role="alert" title={`${lines.length === 1 ? "One line needs" : `${lines.length} lines need`} mending. Nobody was enrolled.`}>
      <Table withRowBorders={false} verticalSpacing={4} fz="sm" data-testid="line-problems">
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={60}>Line</Table.Th>
            <Table.Th>Why</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {lines.map(({ line, detail }) => (
            <Table.Tr key={line}>
              <Table.Td>{line}</Table.Td>
              <Table.Td style={{ overflowWrap: "anywhere" }}>{detail}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Alert>
  );
}

function Names({ names }: { names: string[] }) {
  const more = names.length - NAMES_SHOWN;
  return (
    <List size="sm" mt={4}>
      {names.slice(0, NAMES_SHOWN).map((name) => (
        <List.Item key={name}>{name}</List.Item>
      ))}
      {more > 0 && <List.Item>and {people(more)} more</List.Item>}
    </List>
  );
}

/** Enrols many at once, all or nobody, after a look at what would happen. */
export function AddPeople({ slug }: { slug: string }) {
  const queries = useQueryClient();
  const [typed, setTyped] = useState("");
  const [file, setFile] = useState<File | null>(null);
  const run = useMutation({
    mutationFn: (isDryRun: boolean) => post<Imported>(coursePath(slug, "enrollments/import/"), bodyOf(file, typed, isDryRun)),
    onSuccess: ({ dry_run }) => {
      if (dry_run) return undefined;
      setTyped("");
      setFile(null);
      return queries.invalidateQueries({ queryKey: peopleKey(slug) });
    },
  });
  const { data: answer, error, isPending, variables: isDryRun } = run;
  const isEmpty = file === null && typed.trim() === "";
  const changed = (): void => {
    run.reset();
  };
  return (
    <Stack maw={640}>
      <Text c="dimmed">
        Give many people a seat at once, by their user names or verified addresses. Either all of them get one, or nobody
        does. Who has asked for a seat or waits for one gets it that way too.
      </Text>
      <Textarea
        label="People"
        description="One on each line."
        rows={7}
        resize="vertical"
        spellCheck={false}
        autoCapitalize="none"
        disabled={file !== null}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          changed();
        }}
      />
      <FileInput
        label="Or a CSV file"
        description="In UTF-8, with a column called “username” or “email”, or one name on each line."
        placeholder="Choose a file"
        accept=".csv,text/csv,text/plain"
        clearable
        leftSection={<Icon name="file" size={18} />}
        value={file}
        onChange={(chosen) => {
          setFile(chosen);
          changed();
        }}
      />
      {error && <Problems error={error} />}
      {answer && (
        <Alert color="teal" role="status" title={answer.dry_run ? `This works for ${people(answer.enrolled.length)}` : `${people(answer.enrolled.length)} enrolled`}>
          {answer.dry_run && "Nobody is enrolled yet."}
          <Names names={answer.enrolled} />
        </Alert>
      )}
      <Group>
        <Button
          variant={answer?.dry_run ? "default" : "filled"}
          loading={isPending && isDryRun}
          disabled={isEmpty || isPending}
          onClick={() => {
            run.mutate(true);
          }}
        >
          Check the list
        </Button>
        {answer?.dry_run && (
          <Button
            loading={isPending}
            onClick={() => {
              run.mutate(false);
            }}
          >
            Enrol {people(answer.enrolled.length)}
          </Button>
        )}
      </Group>
    </Stack>
  );
}
