/** Shows settings to people: the effective ones for `--print-config`, all that exist for `--help`. */

import { describeConfig, settingText } from "./config.ts";
import type { ConfigSchema, Environment, SettingRow } from "./config.ts";
import { MASK, maskValue } from "./mask.ts";

/**
 * Writes the effective settings as an environment file: above each line its description and whether it is set or the
 * default; a setting without value is commented out. Secrets and passwords in URLs are masked.
 */
export function renderConfig(schema: ConfigSchema, config: Readonly<Record<string, unknown>>, env: Environment) {
  const lines = describeConfig(schema).map((row) => {
    const value = config[row.field];
    const mark = env[row.env] ? "set" : value === undefined ? "not set" : "default";
    // What was set is shown as it was written: a parsed value need not have a text form of its own.
    const shown = showable(row, env[row.env] || settingText(value));
    return `# ${mark}: ${row.description}\n${value === undefined ? `# ${row.env}=` : `${row.env}=${quoted(shown)}`}\n`;
  });
  return lines.join("\n");
}

/** Writes the table of variables. */
export function renderHelp(name: string, schema: ConfigSchema): string {
  const rows = describeConfig(schema).map((row) => {
    const fallback = row.default === undefined ? undefined : `default ${showable(row, row.default) || "empty"}`;
    return `${row.env} (${row.required ? "required" : (fallback ?? "optional")})\n    ${row.description}\n    Expects ${row.expects}.\n`;
  });
  return [
    `doorstep ${name}\n`,
    "--print-config  shows the effective settings, secrets masked",
    "--help          shows this\n",
    "Settings are environment variables; an empty value counts as not set.\n",
    ...rows,
  ].join("\n");
}

function showable(row: SettingRow, value: string): string {
  return row.secret && value !== "" ? MASK : maskValue(value);
}

function quoted(value: string): string {
  return /^[^\s"'#]*$/.test(value) ? value : JSON.stringify(value);
}
