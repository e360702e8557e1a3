// Solves a model in LP format with HiGHS: node highs.mjs MODEL SECONDS GAP. HiGHS prints its own report.
import { readFileSync } from "node:fs";
import load from "highs";

const [model, seconds, gap] = process.argv.slice(2);
const highs = await load();
const solution = highs.solve(readFileSync(model, "utf8"), {
  time_limit: Number(seconds),
  mip_rel_gap: Number(gap),
  output_flag: true,
  log_to_console: true,
});
console.log("status", solution.Status, "objective", solution.ObjectiveValue);
