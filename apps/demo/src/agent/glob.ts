/** Globs over paths with `/`: `*`, `?`, `**`, `[abc]`. A glob without a slash matches the last part of a path. */

/** Makes the expression of a glob that has to match a whole path. */
export function globToRegExp(glob: string): RegExp {
  const anchored = glob.includes("/");
  let source = "";
  for (let i = 0; i < glob.length; i++) {
    const character = glob.charAt(i);
    if (glob.startsWith("**/", i)) {
      source += "(?:.*/)?";
      i += 2;
    } else if (glob.startsWith("**", i)) {
      source += ".*";
      i += 1;
    } else if (character === "*") source += "[^/]*";
    else if (character === "?") source += "[^/]";
    else if (character === "[" && glob.includes("]", i + 2)) {
      const end = glob.indexOf("]", i + 2);
      source += `[${glob
        .slice(i + 1, end)
        .replace(/^!/, "^")
        .replaceAll("\\", "\\\\")}]`;
      i = end;
    } else source += character.replace(/[.+^${}()|[\]\\]/, "\\$&");
  }
  return new RegExp(`^${anchored ? "" : "(?:.*/)?"}${source.replace(/^\//, "")}$`, "i");
}
