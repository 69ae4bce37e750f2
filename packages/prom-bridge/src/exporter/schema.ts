/** Durations are text in files: a number that is not 0, and its unit. */
const duration = {
  type: 'string',
  pattern: '^(?![0.]+[a-z])\\d+(\\.\\d+)?(ms|s|m|h)$',
  description: "a duration such as '500ms', '30s', '5m' or '1h'",
} as const

const text = { type: 'string', minLength: 1, description: 'a text' } as const

const count = { type: 'integer', minimum: 1, description: 'a whole number, at least 1' } as const

const bytes = { type: 'integer', minimum: 1, description: 'a whole number of bytes' } as const

const connection = {
  anyOf: [
    { type: 'string', pattern: '^postgres(ql)?://' },
    {
      type: 'object',
      additionalProperties: false,
      required: ['host'],
      properties: {
        host: text,
        port: { type: 'integer', minimum: 1, maximum: 65_535, description: 'a port, 1 to 65535' },
        user: text,
        database: text,
        password: {
          type: 'string',
          description: 'a text; better a variable of the environment than the password itself',
        },
        ssl: { type: 'boolean', description: 'true or false' },
        applicationName: text,
        settings: {
          type: 'object',
          additionalProperties: { type: 'string' },
          description: 'settings of the session and their values, such as cluster: alerts',
        },
      },
    },
  ],
  description: 'a postgres:// URL, or host, port, user, database, password, ssl',
} as const

const label = {
  anyOf: [
    { type: 'string', minLength: 1 },
    { type: 'object', additionalProperties: false, required: ['value'], properties: { value: text } },
  ],
  description: 'the name of a column, or { value: a constant text }',
} as const

const view = {
  type: 'object',
  additionalProperties: false,
  required: ['view', 'labels'],
  description: 'a view: at least view and labels',
  properties: {
    view: { ...text, description: 'the name of a relation' },
    query: { ...text, description: 'a SELECT that is followed instead; view is then only its name' },
    connection: { ...text, description: 'the name of one of the connections' },
    name: { ...text, description: "the gauge's name; default: that of the view" },
    help: { ...text, description: "the gauge's help" },
    labels: {
      type: 'object',
      additionalProperties: label,
      description: 'label names, and the columns that fill them; it may be {}',
    },
    value: {
      anyOf: [
        { type: 'object', additionalProperties: false, required: ['column'], properties: { column: text } },
        { type: 'object', additionalProperties: false, required: ['ageOf'], properties: { ageOf: text } },
        {
          type: 'object',
          additionalProperties: false,
          required: ['multiplicity'],
          properties: { multiplicity: { const: true } },
        },
      ],
      description: '{ column: a column }, { ageOf: a column } or { multiplicity: true }; default: 1',
    },
    collisions: {
      enum: ['max', 'min', 'sum', 'count', 'last', 'error'],
      description: 'max, min, sum, count, last or error; default: max',
    },
    nulls: {
      anyOf: [
        { enum: ['omit', 'skip'] },
        {
          type: 'object',
          additionalProperties: false,
          required: ['sentinel'],
          properties: { sentinel: text },
        },
      ],
      description: 'omit, skip or { sentinel: a text }; default: omit',
    },
    maxLabelBytes: { ...bytes, minimum: 24, description: 'a whole number of bytes, at least 24' },
    maxSeries: count,
    overLimit: {
      enum: ['drop-new', 'drop-all', 'fail'],
      description: 'drop-new, drop-all or fail; default: drop-new',
    },
    onRemove: {
      anyOf: [
        { const: 'delete' },
        {
          type: 'object',
          additionalProperties: false,
          required: ['zeroFor'],
          properties: { zeroFor: duration },
        },
      ],
      description: 'delete or { zeroFor: a duration }; default: delete',
    },
    onDisconnect: {
      anyOf: [
        { enum: ['hold', 'drop', 'fail-scrape'] },
        {
          type: 'object',
          additionalProperties: false,
          required: ['holdFor'],
          properties: { holdFor: duration },
        },
      ],
      description: 'hold, drop, fail-scrape or { holdFor: a duration }; default: hold',
    },
    staleAfter: duration,
  },
} as const

/**
 * What the configuration of `mzalert-exporter` looks like, for editors and for the program itself. A `description` says what belongs in a
 * place: it is what an error tells.
 */
export const configSchema: Readonly<Record<string, unknown>> = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'mzalert-exporter',
  type: 'object',
  additionalProperties: false,
  required: ['connections', 'views'],
  description: 'at least connections and views',
  properties: {
    connections: {
      type: 'object',
      minProperties: 1,
      additionalProperties: connection,
      description: 'names, and a connection for each',
    },
    views: { type: 'array', minItems: 1, items: view, description: 'a list of at least one view' },
    listen: {
      type: 'object',
      additionalProperties: false,
      description: 'host, port, and limits',
      properties: {
        host: { ...text, description: 'an address to listen on; default: 127.0.0.1' },
        port: {
          type: 'integer',
          minimum: 0,
          maximum: 65_535,
          description: 'a port, 0 to 65535; default: 9884',
        },
        maxConnections: { ...count, description: 'a whole number of connections; default: 200' },
        headerTimeout: { ...duration, description: `${duration.description}; default: 10s` },
        maxHeaderBytes: { ...bytes, description: 'a whole number of bytes; default: 16384' },
      },
    },
    ready: {
      type: 'object',
      additionalProperties: false,
      description: 'maxLag',
      properties: { maxLag: { ...duration, description: `${duration.description}; default: 5m` } },
    },
    remoteWrite: {
      type: 'object',
      additionalProperties: false,
      required: ['url'],
      description: 'at least url',
      properties: {
        url: { type: 'string', pattern: '^https?://', description: 'an http:// or https:// URL' },
        interval: { ...duration, description: `${duration.description}; default: 15s` },
        headers: {
          type: 'object',
          additionalProperties: { type: 'string' },
          description: 'names of headers and their values, such as authorization',
        },
        labels: {
          type: 'object',
          additionalProperties: { type: 'string' },
          description: 'labels that every series gets, such as job: event_exporter',
        },
      },
    },
    tail: {
      type: 'object',
      additionalProperties: false,
      description: 'waitForRelation, connectTimeout, progressTimeout, snapshotTimeout',
      properties: {
        waitForRelation: { type: 'boolean', description: 'true or false; default: true' },
        connectTimeout: duration,
        progressTimeout: duration,
        snapshotTimeout: duration,
      },
    },
    log: {
      type: 'object',
      additionalProperties: false,
      description: 'level',
      properties: {
        level: {
          enum: ['debug', 'info', 'warn', 'error', 'silent'],
          description: 'debug, info, warn, error or silent; default: info',
        },
      },
    },
  },
}
