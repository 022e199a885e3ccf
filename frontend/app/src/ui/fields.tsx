/** The fields that several forms have, as browsers and password managers know them. */

import { PasswordInput, TextInput } from "@mantine/core";

interface FieldProps {
  value: string;
  change: (value: string) => void;
  error?: string | undefined;
}

export function UserNameField({ value, change, error }: FieldProps) {
  return (
    <TextInput
      label="User name"
      name="username"
      autoComplete="username"
      autoCapitalize="none"
      spellCheck={false}
      required
      withAsterisk={false}
      size="md"
      value={value}
      error={error}
      onChange={(event) => {
        change(event.currentTarget.value);
      }}
    />
  );
}

export function EmailField({ value, change, error }: FieldProps) {
  return (
    <TextInput
      label="E-mail address"
      name="email"
      type="email"
      autoComplete="email"
      required
      withAsterisk={false}
      size="md"
      value={value}
      error={error}
      onChange={(event) => {
        change(event.currentTarget.value);
      }}
    />
  );
}

interface PasswordFieldProps extends FieldProps {
  label?: string;
  fresh?: boolean;
}

/** `fresh`: a new one, which the browser may propose. */
export function PasswordField({ value, change, error, label = "Password", fresh = false }: PasswordFieldProps) {
  return (
    <PasswordInput
      label={label}
      name={fresh ? "new-password" : "password"}
      autoComplete={fresh ? "new-password" : "current-password"}
      description={fresh ? "At least 8 characters, and none of the common ones." : undefined}
      required
      withAsterisk={false}
      size="md"
      value={value}
      error={error}
      onChange={(event) => {
        change(event.currentTarget.value);
      }}
    />
  );
}
