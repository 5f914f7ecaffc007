// Runs the models of cases.json in ONNX Runtime, all rows at once and one by one, and compares with what Lamina made of them.
//
//   node run.js FOLDER MODULES      MODULES holds node_modules/onnxruntime-node

const fs = require('fs');
const path = require('path');
const [folder, modules] = process.argv.slice(2);
const ort = require(path.join(path.resolve(modules), 'node_modules', 'onnxruntime-node'));

const arrays = { float32: Float32Array, float64: Float64Array };

async function run(session, test, X, rows) {
  const outputs = await session.run({ X: new ort.Tensor(test.type, arrays[test.type].from(X), [rows, test.inputs]) });
  const Y = outputs.Y;
  if (Y.type !== test.type || Y.dims.length !== 2 || Y.dims[0] !== rows || Y.dims[1] !== test.outputs)
    throw new Error(`expected ${rows}×${test.outputs} ${test.type}, got ${Y.dims} ${Y.type}`);
  return Array.from(Y.data);
}

async function check(test) {
  const session = await ort.InferenceSession.create(path.join(folder, test.file), { logSeverityLevel: 3 });
  const all = await run(session, test, test.X, test.rows);
  let largest = 0;
  const compare = (y, expected) => {
    const difference = Math.abs(y - expected);
    if (!(difference <= test.tolerance)) throw new Error(`expected ${expected}, got ${y}`);
    largest = Math.max(largest, difference);
  };
  all.forEach((y, i) => compare(y, test.Y[i]));
  for (let i = 0; i < test.rows; ++i) {
    const row = await run(session, test, test.X.slice(i * test.inputs, (i + 1) * test.inputs), 1);
    row.forEach((y, j) => compare(y, test.Y[i * test.outputs + j]));
  }
  return largest / test.tolerance;
}

async function main() {
  const tests = JSON.parse(fs.readFileSync(path.join(folder, 'cases.json')));
  let failed = 0, refused = 0, nearest = 0;
  for (const test of tests) {
    try {
      nearest = Math.max(nearest, await check(test));
    } catch (error) {
      // ONNX Runtime has Erf for floats only. Nothing else may be missing.
      if (/^gelu(_alone)?_double/.test(test.file) && /implementation for Erf/.test(error.message)) {
        ++refused;
        continue;
      }
      ++failed;
      console.log(`${test.file}: ${error.message}`);
    }
  }
  console.log(`${tests.length} models, ${failed} failed, ${refused} with Erf of doubles not run; ` +
              `the largest difference is ${nearest.toFixed(2)} of its tolerance`);
  if (failed > 0 || tests.length === 0) process.exit(1);
}

main();
