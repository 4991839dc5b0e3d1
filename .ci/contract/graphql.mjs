// Holds GraphQL exchanges, a JSON list on stdin, against GitHub's schema: the questions, their variables and the answers.
import { readFileSync } from "node:fs";
import { buildSchema, execute, parse, validate } from "graphql";

const file = new URL("node_modules/@octokit/graphql-schema/schema.graphql", import.meta.url);
const schema = buildSchema(readFileSync(file, "utf8"), { assumeValid: true });
const exchanges = JSON.parse(readFileSync(0, "utf8"));
const problems = [];
for (const { query, variables, answer } of exchanges) {
  const document = parse(query);
  problems.push(...validate(schema, document).map((error) => `${query}: ${error.message}`));
  // Answering the question with the answer's own data shows what in it is missing or of another type.
  const again = await execute({ schema, document, variableValues: variables, rootValue: answer.data ?? {} });
  const expected = answer.errors ? [] : again.errors ?? [];
  problems.push(...expected.map((error) => `${query}: ${error.message}`));
  if (!answer.errors && JSON.stringify(again.data) !== JSON.stringify(answer.data)) {
    problems.push(`${query}: the answer has more than was asked for: ${JSON.stringify(answer.data)}`);
  }
}
problems.forEach((problem) => console.error(problem));
console.log(`${exchanges.length} exchanges, ${problems.length} problems`);
process.exit(problems.length || exchanges.length === 0 ? 1 : 0);
