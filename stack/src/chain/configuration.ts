import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parse, stringify } from 'yaml'
import { stackFolder } from '../paths.js'

/** How fast the chain turns; everything else is as in the files of the stack. */
export interface Scale {
  /** Between two scrapes, and between two evaluations. */
  readonly scrapeSeconds: number
  readonly keepFiringSeconds: number
  /** What every `for` of an alert becomes. */
  readonly forSeconds: number
  /** After so long Prometheus tells an Alertmanager again; one that hears nothing for four times as long takes an alert for over. */
  readonly resendSeconds: number
  /** How long a series without samples is taken for there, if nothing says that it is gone. */
  readonly lookbackSeconds: number
}

/** Where the programs are, as `host:port`. */
export interface Addresses {
  readonly materialize: string
  readonly exporter: string
  readonly prometheus: string
  readonly alertmanager: string
  readonly alertmanagerSlack: string
  readonly producer: string
  readonly webhook: string
  /** What stands in for Slack's URL. */
  readonly slackUrl: string
}

interface PrometheusFile {
  global: { scrape_interval: string; evaluation_interval: string }
  alerting: { alertmanagers: Targets[] }
  scrape_configs: Targets[]
}

interface Targets {
  dns_sd_configs?: unknown
  static_configs?: unknown
}

interface RulesFile {
  groups: { rules: { alert?: string; for?: string; keep_firing_for?: string }[] }[]
}

/** The paths of what the programs are told to read. */
export interface Configuration {
  readonly prometheus: string
  readonly alertmanager: string
  readonly alertmanagerSlack: string
}

/**
 * Copies the stack's configuration into a folder, with the names of the services replaced by addresses, and the small scale laid over
 * it. Nothing else is changed.
 */
export function configure(folder: string, addresses: Addresses, scale: Scale): Configuration {
  for (const each of ['prometheus', 'mixin', 'alertmanager'])
    cpSync(path.join(stackFolder, each), path.join(folder, each), { recursive: true })
  const named = (text: string): string =>
    text
      .replaceAll('exporter:9884', addresses.exporter)
      .replaceAll('127.0.0.1:9090', addresses.prometheus)
      .replaceAll('alertmanager:9093', addresses.alertmanager)
      .replaceAll('producer:9885', addresses.producer)
      .replaceAll('webhook:9094', addresses.webhook)
      .replaceAll('/run/secrets/slack_url', path.join(folder, 'slack_url'))
      .replaceAll('/etc/slack/', `${path.join(folder, 'slack')}/`)
  const edit = (file: string, change: (text: string) => string = text => text): string => {
    const target = path.join(folder, file)
    writeFileSync(target, change(named(readFileSync(target, 'utf8'))))
    return target
  }

  const seconds = (count: number): string => `${count}s`
  const prometheus = edit('prometheus/prometheus.yml', text => {
    const file = parse(text) as PrometheusFile
    file.global = {
      ...file.global,
      scrape_interval: seconds(scale.scrapeSeconds),
      evaluation_interval: seconds(scale.scrapeSeconds),
    }
    // There is no name service here that knows the second Alertmanager.
    for (const each of [...file.alerting.alertmanagers, ...file.scrape_configs])
      if (each.dns_sd_configs) {
        delete each.dns_sd_configs
        each.static_configs = [{ targets: [addresses.alertmanagerSlack] }]
      }
    return stringify(file)
  })
  for (const file of ['prometheus/rules.yml', 'mixin/alerts.yaml'])
    edit(file, text => {
      const rules = parse(text) as RulesFile
      for (const rule of rules.groups.flatMap(group => group.rules)) {
        if (rule.for) rule.for = seconds(scale.forSeconds)
        if (rule.keep_firing_for) rule.keep_firing_for = seconds(scale.keepFiringSeconds)
      }
      return stringify(rules)
    })
  for (const file of ['prometheus', 'alertmanager', 'producer']) edit(`prometheus/targets/${file}.yml`)
  // They are not here, and a target that is down is not what is tested.
  for (const file of ['materialize', 'redpanda']) rmSync(path.join(folder, `prometheus/targets/${file}.yml`))

  writeFileSync(path.join(folder, 'slack_url'), `${addresses.slackUrl}\n`)
  mkdirSync(path.join(folder, 'slack'))
  writeFileSync(
    path.join(folder, 'slack', 'channel.tmpl'),
    '{{ define "mzalert.slack.channel" }}#devex-toilet{{ end }}\n',
  )
  return {
    prometheus,
    alertmanager: edit('alertmanager/alertmanager.yml'),
    alertmanagerSlack: edit('alertmanager/slack.yml'),
  }
}
