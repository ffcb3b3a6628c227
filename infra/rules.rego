package blog.rules

import rego.v1

# What must hold for every template of the blog, whoever wrote it. rules.go says
# how these run and why they are written in this language; rules_test.go has a
# resource that breaks each.

# ---- No bucket is public. ----

blocks := {"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"}

violation contains v if {
	some name, bucket in all("AWS::S3::Bucket")
	some block in blocks
	object.get(bucket, ["PublicAccessBlockConfiguration", block], false) != true
	v := make_diag_at(
		"BLOG-PUBLIC-BLOCK", "ERROR", name, "Properties.PublicAccessBlockConfiguration",
		sprintf("%v is not on: nothing of this bucket may be public", [block]),
	)
}

violation contains v if {
	some name, bucket in all("AWS::S3::Bucket")
	not owned(bucket)
	v := make_diag_at(
		"BLOG-PUBLIC-OWNER", "ERROR", name, "Properties.OwnershipControls",
		"objects may have access lists: want ObjectOwnership BucketOwnerEnforced",
	)
}

owned(bucket) if {
	some rule in bucket.OwnershipControls.Rules
	rule.ObjectOwnership == "BucketOwnerEnforced"
}

violation contains v if {
	some name, policy in all("AWS::S3::BucketPolicy")
	some statement in statements(policy.PolicyDocument)
	statement.Effect == "Allow"
	anybody(statement.Principal)
	v := make_diag_at("BLOG-PUBLIC-POLICY", "ERROR", name, "Properties.PolicyDocument", "a statement allows something to anybody")
}

anybody(principal) if principal == "*"

anybody(principal) if "*" in values(principal.AWS)

# ---- Nothing is carried in the clear. ----

# What keeps its policy in a resource of its own: the type, the type of the
# policy, and the property by which that names what it is for.
guarded := {
	"AWS::S3::Bucket": ["AWS::S3::BucketPolicy", "Bucket"],
	"AWS::SNS::Topic": ["AWS::SNS::TopicPolicy", "Topics"],
	"AWS::SQS::Queue": ["AWS::SQS::QueuePolicy", "Queues"],
}

violation contains v if {
	some type, [policy_type, target] in guarded
	some name, _ in all(type)
	not encrypted_only(name, policy_type, target)
	v := make_diag_at(
		"BLOG-TLS-POLICY", "ERROR", name, "Properties",
		sprintf("no %v refuses requests without TLS (Deny, aws:SecureTransport false)", [policy_type]),
	)
}

encrypted_only(name, policy_type, target) if {
	some _, policy in all(policy_type)
	some to in values(policy[target])
	to.__ref == name
	some statement in statements(policy.PolicyDocument)
	statement.Effect == "Deny"
	anybody(statement.Principal)
	statement.Condition.Bool["aws:SecureTransport"] in {false, "false"}
}

violation contains v if {
	some name, distribution in all("AWS::CloudFront::Distribution")
	config := distribution.DistributionConfig
	some behavior in array.concat([config.DefaultCacheBehavior], object.get(config, "CacheBehaviors", []))
	not behavior.ViewerProtocolPolicy in {"redirect-to-https", "https-only"}
	v := make_diag_at("BLOG-TLS-VIEWERS", "ERROR", name, "Properties.DistributionConfig", "a behaviour answers plain HTTP")
}

violation contains v if {
	some name, distribution in all("AWS::CloudFront::Distribution")
	config := distribution.DistributionConfig
	config.Aliases
	object.get(config, ["ViewerCertificate", "MinimumProtocolVersion"], "") != "TLSv1.2_2025"
	v := make_diag_at(
		"BLOG-TLS-FLOOR", "ERROR", name, "Properties.DistributionConfig.ViewerCertificate",
		"readers may use older ciphers: want MinimumProtocolVersion TLSv1.2_2025",
	)
}

violation contains v if {
	some name, distribution in all("AWS::CloudFront::Distribution")
	some origin in distribution.DistributionConfig.Origins
	origin.CustomOriginConfig.OriginProtocolPolicy != "https-only"
	v := make_diag_at(
		"BLOG-TLS-ORIGIN", "ERROR", name, "Properties.DistributionConfig.Origins",
		sprintf("origin %v may be asked without TLS", [origin.Id]),
	)
}

violation contains v if {
	some name, domain in all("AWS::ApiGatewayV2::DomainName")
	some config in domain.DomainNameConfigurations
	object.get(config, "SecurityPolicy", "") != "TLS_1_2"
	v := make_diag_at("BLOG-TLS-API", "ERROR", name, "Properties.DomainNameConfigurations", "want SecurityPolicy TLS_1_2")
}

violation contains v if {
	some name, check in all("AWS::Route53::HealthCheck")
	check.HealthCheckConfig.Type in {"HTTP", "HTTP_STR_MATCH"}
	v := make_diag_at("BLOG-TLS-CHECK", "ERROR", name, "Properties.HealthCheckConfig.Type", "a health check asks without TLS")
}

# ---- Everything that piles up has an end. ----

violation contains v if {
	some name, logs in all("AWS::Logs::LogGroup")
	not logs.RetentionInDays
	v := make_diag_at("BLOG-RETENTION-LOG", "ERROR", name, "Properties.RetentionInDays", "this log is kept for ever")
}

violation contains v if {
	some name, function in all("AWS::Lambda::Function")
	not function.LoggingConfig.LogGroup
	v := make_diag_at(
		"BLOG-RETENTION-FUNCTION", "ERROR", name, "Properties.LoggingConfig.LogGroup",
		"Lambda would make a log group of its own, which is kept for ever",
	)
}

violation contains v if {
	some name, project in all("AWS::CodeBuild::Project")
	not builds_logged(project)
	v := make_diag_at(
		"BLOG-RETENTION-BUILD", "ERROR", name, "Properties.LogsConfig.CloudWatchLogs.GroupName",
		"CodeBuild would make a log group of its own, which is kept for ever",
	)
}

builds_logged(project) if project.LogsConfig.CloudWatchLogs.GroupName

builds_logged(project) if project.LogsConfig.CloudWatchLogs.Status == "DISABLED"

violation contains v if {
	some name, bucket in all("AWS::S3::Bucket")
	not uploads_end(bucket)
	v := make_diag_at(
		"BLOG-RETENTION-UPLOADS", "ERROR", name, "Properties.LifecycleConfiguration",
		"no rule ends uploads that nobody finished, which are paid for and listed nowhere",
	)
}

uploads_end(bucket) if {
	some rule in bucket.LifecycleConfiguration.Rules
	rule.Status == "Enabled"
	rule.AbortIncompleteMultipartUpload.DaysAfterInitiation
}

violation contains v if {
	some name, bucket in all("AWS::S3::Bucket")
	bucket.VersioningConfiguration.Status == "Enabled"
	not versions_end(bucket)
	v := make_diag_at(
		"BLOG-RETENTION-VERSIONS", "ERROR", name, "Properties.LifecycleConfiguration",
		"no rule ends what was overwritten or deleted, which is paid for like the rest",
	)
}

versions_end(bucket) if {
	some rule in bucket.LifecycleConfiguration.Rules
	rule.Status == "Enabled"
	rule.NoncurrentVersionExpiration.NoncurrentDays
}

# ---- No role may write everywhere. ----

reading := `^[a-z0-9-]+:(Get|List|Describe|Head|BatchGet|Decrypt$)`

# Nothing in front of the star says whose the thing is.
everything := `^(\*|arn:aws:[a-z0-9-]*:[^:]*:[^:]*:([a-z-]+[:/])?\*)$`

granting := {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"}

# A permissions boundary grants nothing: it says what a policy may not exceed.
boundary(resource) if endswith(resource.ManagedPolicyName, "-boundary")

grants contains [name, statement] if {
	some type in granting
	some name, resource in all(type)
	not boundary(resource)
	some document in array.concat(
		[object.get(resource, "PolicyDocument", {})],
		[p.PolicyDocument | some p in object.get(resource, "Policies", [])],
	)
	some statement in statements(document)
	statement.Effect == "Allow"
}

violation contains v if {
	some [name, statement] in grants
	some action in values(object.get(statement, "Action", []))
	contains(action, "*")
	v := make_diag_at("BLOG-WRITE-ACTION", "ERROR", name, "Properties", sprintf("action %v: want each action by its name", [action]))
}

violation contains v if {
	some [name, statement] in grants
	statement.NotAction
	v := make_diag_at("BLOG-WRITE-NOTACTION", "ERROR", name, "Properties", "NotAction allows what nobody thought of")
}

violation contains v if {
	some [name, statement] in grants
	statement.NotResource
	v := make_diag_at("BLOG-WRITE-NOTRESOURCE", "ERROR", name, "Properties", "NotResource allows what nobody thought of")
}

violation contains v if {
	some [name, statement] in grants
	some action in values(object.get(statement, "Action", []))
	not regex.match(reading, action)
	some resource in values(object.get(statement, "Resource", []))
	is_string(resource)
	regex.match(everything, resource)
	not narrowed(action, statement)
	v := make_diag_at("BLOG-WRITE-EVERYWHERE", "ERROR", name, "Properties", sprintf("%v on %v", [action, resource]))
}

# Where IAM knows no narrower resource, a condition does it: a key by its alias,
# a metric by its namespace.
narrowed(action, statement) if {
	startswith(action, "kms:")
	statement.Condition["ForAnyValue:StringEquals"]["kms:ResourceAliases"]
}

narrowed(action, statement) if {
	action == "cloudwatch:PutMetricData"
	statement.Condition.StringEquals["cloudwatch:namespace"]
}

# ---- Every alarm reaches somebody, and says what to do. ----

alarms := {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"}

violation contains v if {
	some type in alarms
	some name, alarm in all(type)
	count(values(object.get(alarm, "AlarmActions", []))) == 0
	v := make_diag_at("BLOG-ALARM-NOBODY", "ERROR", name, "Properties.AlarmActions", "this alarm tells nobody")
}

violation contains v if {
	some type in alarms
	some name, alarm in all(type)
	alarm.ActionsEnabled in {false, "false"}
	v := make_diag_at("BLOG-ALARM-OFF", "ERROR", name, "Properties.ActionsEnabled", "this alarm tells nobody")
}

violation contains v if {
	some type in alarms
	some name, alarm in all(type)
	not regex.match(`docs/runbook\.md#[a-z0-9-]+$`, object.get(alarm, "AlarmDescription", ""))
	v := make_diag_at(
		"BLOG-ALARM-RUNBOOK", "ERROR", name, "Properties.AlarmDescription",
		"does not end with the entry of docs/runbook.md that says what to do",
	)
}

# ---- Shared ----

all(type) := {name: resource.properties |
	some name, resource in input.resources
	resource.resourceType == type
}

# A policy's statements: IAM takes one without a list around it.
statements(document) := values(document.Statement)

values(x) := x if is_array(x)

values(x) := [x] if not is_array(x)
