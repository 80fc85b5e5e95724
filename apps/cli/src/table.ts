/** Text for people: aligned columns, and nothing that a terminal would obey. */

/** Makes text of any origin fit to print: control characters, such as those that move a cursor, are written as escapes. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const point = (character.codePointAt(0) ?? 0).toString(16);
    return `\\u{${point}}`;
  });
}

/** Lays out rows under their headings, columns two spaces apart; numbers stand right. */
export function formatTable(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  const cells = [headings, ...rows].map((row) => row.map((cell) => printable(String(cell))));
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  const isNumeric = headings.map((_, column) => rows.every((row) => typeof row[column] === "number"));
  return cells.map((row) =>
    row
      .map((cell, column) => {
        const gap = " ".repeat(Math.max(0, (widths[column] ?? 0) - cell.length));
        return isNumeric[column] === true && rows.length > 0 ? gap + cell : cell + gap;
      })
      .join("  ")
      .trimEnd(),
  );
}
