// What promptfoo does with given responses: `node promptfoo_run.mjs PACKAGE RESPONSES.jsonl javascript|python OUT.json`.
// The functions are those of `evaluators.py`; promptfoo starts a Python process for each call of a Python one.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [packageFolder, responses, language, out] = process.argv.slice(2);
const { default: promptfoo } = await import(pathToFileURL(join(packageFolder, 'dist', 'src', 'index.js')));
const friendly = ['please', 'thank', 'welcome', 'sorry', 'regards', 'hello'];
const words = (text) => text.split(/\s+/).filter(Boolean);
const evaluators = {
  polite: (output) => friendly.some((word) => output.toLowerCase().includes(word)),
  complete: (output, { vars }) => {
    const wanted = new Set(words(vars.reference.toLowerCase()));
    const found = new Set(words(output.toLowerCase()));
    return [...wanted].filter((word) => found.has(word)).length / wanted.size;
  },
  brief: (output, { vars }) => words(output).length <= 3 * words(vars.prompt).length,
};
const names = Object.keys(evaluators);
const here = dirname(fileURLToPath(import.meta.url));
const assertions = names.map((metric) => ({
  type: language,
  metric,
  value: language === 'python' ? `file://${join(here, 'promptfoo_assertions.py')}:${metric}` : evaluators[metric],
}));

const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
const startCpu = cpuSeconds();
const start = performance.now();
const rows = readFileSync(responses, 'utf8').trimEnd().split('\n').map(JSON.parse);
const given = new Map(rows.map((row) => [row.prompt, row.response]));
const record = await promptfoo.evaluate(
  {
    prompts: ['{{prompt}}'],
    providers: [async (prompt) => ({ output: given.get(prompt) })],
    tests: rows.map((row, id) => ({ vars: { prompt: row.prompt, reference: row.reference }, metadata: { id } })),
    defaultTest: { assert: assertions },
    writeLatestResults: true,
  },
  { cache: false, showProgressBar: false },
);
const seconds = (performance.now() - start) / 1000;
const endCpu = cpuSeconds();

const scores = Object.fromEntries(names.map((name) => [name, new Array(rows.length).fill(null)]));
for (const { testCase, gradingResult, namedScores } of (await record.toEvaluateSummary()).results)
  for (const name of names) scores[name][testCase.metadata.id] = gradingResult ? namedScores[name] : null;
const answer = { seconds, cpu: endCpu - startCpu, node_cpu: cpuSeconds(), peak_mb: (process.resourceUsage().maxRSS * 1024) / 1e6 };
writeFileSync(out, JSON.stringify({ ...answer, scores }));
process.exit(0);
