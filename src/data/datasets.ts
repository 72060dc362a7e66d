/** What `rhyton/datasets` offers: pictures to learn from. */
export { type Dataset, digits, type Samples } from "./digits.ts";
export { type Pictures, pictures } from "./folder.ts";
export { mnist } from "./mnist.ts";
