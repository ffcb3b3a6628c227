// Checks synthesized assemblies against cdk-nag's AwsSolutions rules.
//
//     node infra/nag.js cdk.out [ANOTHER...]
//
// It reads the templates, so it sees what is deployed and needs nothing of the
// program that wrote them. A resource says itself which rule does not hold for
// it and why, in its metadata (excuse in nag.go writes that, beside the code
// that is excused). What no finding needs any longer is reported too, so that
// an excuse does not outlive its reason. Exits with 1 when there is anything to
// say.
'use strict';

const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { App, LegacyStackSynthesizer, Stack } = require('aws-cdk-lib');
const { CfnInclude } = require('aws-cdk-lib/cloudformation-include');
const { AwsSolutionsChecks } = require('cdk-nag');

let wrong = 0;
const say = (text) => { wrong++; console.log(text); };

for (const dir of process.argv.slice(2)) {
  const { artifacts } = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8'));
  const stacks = Object.entries(artifacts).filter(([, a]) => a.type === 'aws:cloudformation:stack');
  if (stacks.length === 0) say(`${dir}: there are no stacks`);
  for (const [name, artifact] of stacks) check(dir, name, artifact.properties.templateFile);
}
process.exitCode = wrong > 0 ? 1 : 0;

function check(dir, name, templateFile) {
  const { Resources: resources } = JSON.parse(readFileSync(join(dir, templateFile), 'utf8'));
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, name, { synthesizer: new LegacyStackSynthesizer() });
  new CfnInclude(stack, 'Template', { templateFile: join(dir, templateFile) });

  // By logical id: rules, and the resource's own reasons against them.
  const found = {};
  for (const violation of new AwsSolutionsChecks(app).validateScope(app).violations) {
    for (const resource of violation.violatingResources) {
      const id = resource.constructPath.split('/').pop();
      (found[id] ??= []).push(violation);
    }
  }
  for (const [id, resource] of Object.entries(resources)) {
    const excuses = excusesOf(resources, id);
    const used = new Set();
    const here = `${dir}: ${name} ${id} (${resource.Type})`;
    for (const { ruleName, description } of found[id] ?? []) {
      const rule = ruleName.replace(/\[.*/s, ''); // AwsSolutions-IAM5[Resource::*]
      const excuse = excuses.find((e) => e.id === rule);
      if (excuse) used.add(excuse);
      else say(`${here}: ${ruleName}: ${description}`);
    }
    for (const e of excuses) {
      if (!used.has(e)) say(`${here}: is excused from ${e.id}, which it does not break`);
      if (!(e.reason?.length >= 20)) say(`${here}: is excused from ${e.id} without a reason`);
    }
  }
}

// The CDK moves what is too long for a role's inline policy into others, while
// it synthesizes. What excuses the one excuses those.
function excusesOf(resources, id) {
  const of = (r) => r?.Metadata?.cdk_nag?.rules_to_suppress ?? [];
  const [, role] = id.match(/^(.*)OverflowPolicy\d+[0-9A-F]{8}$/) ?? [];
  if (!role) return of(resources[id]);
  const policy = Object.keys(resources).find((i) => i.startsWith(`${role}DefaultPolicy`));
  return of(resources[policy]);
}
