// Files that the process needs beside its clients' connections: to the broker, for probes, certificates, keys.
const RESERVED_FILES = 128;

/**
 * Connections that a process may hold before it could not open a file any more, not even a connection to its broker:
 * the soft limit of open files (RLIMIT_NOFILE) less a reserve. `Infinity` where the system sets none.
 */
export function mostSockets(): number {
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
  const files = Number(report.userLimits?.open_files?.soft);
  return Number.isFinite(files) ? Math.max(1, files - RESERVED_FILES) : Number.POSITIVE_INFINITY;
}
