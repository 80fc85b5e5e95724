/** Builds the page; workspace packages are taken from their sources, so nothing has to be built before. */
import react from "@vitejs/plugin-react";
import { defaultClientConditions, defineConfig } from "vite";

export default defineConfig({
  root: "src/page",
  base: "./",
  plugins: [react()],
  resolve: { conditions: ["source", ...defaultClientConditions] },
  build: { outDir: "../../dist/page", emptyOutDir: true, target: "es2022" },
});
