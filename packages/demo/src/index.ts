export { createDemo, type Demo, type DemoOptions } from './demo.ts';
