// The library's entry loads its adapters of twenty stores, 33 ms and 8 MB of them: this file alone is what is needed.
declare module 'rate-limiter-flexible/lib/RateLimiterMemory.js' {
  export { RateLimiterMemory as default } from 'rate-limiter-flexible';
}
