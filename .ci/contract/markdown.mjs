// Parses the Markdown texts in the JSON list on stdin; for each, what a reader sees outside of code, and the HTML in it.
import { readFileSync } from "node:fs";
import { marked } from "marked";

const seen = JSON.parse(readFileSync(0, "utf8")).map((text) => {
  const found = { outside: "", html: [], code: 0 };
  marked.walkTokens(marked.lexer(text), (token) => {
    if (token.type === "html") found.html.push(token.raw.trim());
    else if (token.type === "code" || token.type === "codespan") found.code += 1;
    else if (token.type === "text" || token.type === "escape") found.outside += token.tokens ? "" : `${token.text} `;
    else if (token.type === "link" || token.type === "image") found.outside += `(${token.href}) `;
  });
  return found;
});
console.log(JSON.stringify(seen));
