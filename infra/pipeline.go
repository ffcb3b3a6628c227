package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscodebuild"
	cp "github.com/aws/aws-cdk-go/awscdk/v2/awscodepipeline"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/names"
)

// PipelineConfig is what the Pipeline stack is made from.
type PipelineConfig struct {
	Stack      awscdk.Stack
	Names      names.Names
	Rehearsal  names.Names
	Keep       bool
	Pipeline   config.Pipeline
	Regions    []string
	LogsDays   int
	AlarmEmail string
}

// newPipeline makes the way of a commit to the readers, without GitHub's
// workflows: source, tests and synthesis, the rehearsal, a person's yes, the blog.
//
// What was tested is what is deployed: the first build synthesizes both
// environments, and the two deployments take that assembly and build nothing.
// Each ends with the requests of .ci/smoke against what it deployed.
//
// It is CloudFormation's own types, not the CDK's package pipelines. That one
// deploys by CloudFormation actions, for which it wants a bucket and a key in
// each region (1 USD a month each) and another project for each asset; and it
// updates itself, so that a commit could change who has to agree to it. This one
// runs cdk deploy as anybody would. The stacks that say who may deploy and
// publish, this one and Ops, are left out of what it deploys (.ci/deploy): a
// person with their own credentials changes those.
func newPipeline(c PipelineConfig) {
	bucket := newBucket(c.Stack, c.Keep, "Artifacts", awss3.BucketProps{
		BucketNamePrefix: jsii.String(c.Names.ArtifactBucketPrefix()),
		Encryption:       awss3.BucketEncryption_S3_MANAGED,
		LifecycleRules: &[]*awss3.LifecycleRule{{
			Id: jsii.String("expire"), Expiration: days(artifactDays), NoncurrentVersionExpiration: days(1),
			AbortIncompleteMultipartUploadAfter: days(abandonedDays),
		}},
	})
	excuse(bucket, "AwsSolutions-S1", "What a commit was built to, for a month; the pipeline's own history says who ran what.")
	if !c.Keep {
		holdEmptier(c.Stack, c.LogsDays)
	}
	topic := newTopic(c.Stack, c.Names.String()+" pipeline", c.AlarmEmail)
	p := pipeline{c, bucket, topic}
	build := p.project("Build", buildSpec, "BUILD_GENERAL1_LARGE", 60)
	deploy := p.project("Deploy", deploySpec, "BUILD_GENERAL1_SMALL", 60, deployerPolicy(c.Rehearsal, c.Regions)...)

	stages := []*cp.CfnPipeline_StageDeclarationProperty{
		stage("Source", p.source()),
		stage("Test", p.codeBuild("Build", build, sourceArtifact, builtArtifact, nil)),
		stage("Rehearsal", p.codeBuild("Deploy", deploy, builtArtifact, "", &c.Rehearsal)),
	}
	if c.Pipeline.Approve {
		stages = append(stages, stage("Approval", p.approval()))
	}
	stages = append(stages, stage("Live", p.codeBuild("Deploy", deploy, builtArtifact, "", &c.Names)))

	made := cp.NewCfnPipeline(c.Stack, jsii.String("Pipeline"), &cp.CfnPipelineProps{
		Name:         jsii.String(c.Names.String()),
		PipelineType: jsii.String("V2"), // paid for by the minute; V1 is 1 USD a month
		// A commit that waits for a yes gives way to the next.
		ExecutionMode: jsii.String("SUPERSEDED"),
		RoleArn:       p.role([]string{*build.AttrArn(), *deploy.AttrArn()}).RoleArn(),
		ArtifactStore: &cp.CfnPipeline_ArtifactStoreProperty{
			Type: jsii.String("S3"), Location: bucket.BucketName(),
		},
		Stages:   &stages,
		Triggers: p.triggers(),
	})
	// Nobody watches a pipeline. What fails, says so.
	awsevents.NewRule(c.Stack, jsii.String("Failed"), &awsevents.RuleProps{
		EventPattern: &awsevents.EventPattern{
			Source:     jsii.Strings("aws.codepipeline"),
			DetailType: jsii.Strings("CodePipeline Pipeline Execution State Change"),
			Detail:     &map[string]any{"pipeline": []string{*made.Ref()}, "state": []string{"FAILED"}},
		},
		Targets: &[]awsevents.IRuleTarget{awseventstargets.NewSnsTopic(topic, nil)},
	})
}

// The names of the two artifacts.
const (
	sourceArtifact = "Source"
	builtArtifact  = "Assembly"

	// artifactDays is how long a commit can be deployed again as it was built.
	artifactDays = 30
)

// artifactNames is why the policies of its roles end in stars.
const artifactNames = "A star stands for the names that CodePipeline gives to artifacts in its own bucket, and Logs to streams."

// pipeline is what its parts share.
type pipeline struct {
	PipelineConfig
	bucket awss3.Bucket
	topic  awssns.Topic
}

func stage(name string, action *cp.CfnPipeline_ActionDeclarationProperty) *cp.CfnPipeline_StageDeclarationProperty {
	return &cp.CfnPipeline_StageDeclarationProperty{
		Name: jsii.String(name), Actions: &[]*cp.CfnPipeline_ActionDeclarationProperty{action},
	}
}

func (p pipeline) source() *cp.CfnPipeline_ActionDeclarationProperty {
	return &cp.CfnPipeline_ActionDeclarationProperty{
		Name:         jsii.String("Source"),
		ActionTypeId: actionType("Source", "CodeStarSourceConnection"),
		Configuration: map[string]any{
			"ConnectionArn": p.Pipeline.Connection, "FullRepositoryId": p.Pipeline.Repository,
			"BranchName": p.Pipeline.Branch, "OutputArtifactFormat": "CODE_ZIP",
			"DetectChanges": "false", // triggers does
		},
		OutputArtifacts: &[]*cp.CfnPipeline_OutputArtifactProperty{{Name: jsii.String(sourceArtifact)}},
	}
}

// triggers starts it for what is pushed to the branch, unless that is content
// alone: content is published, which takes seconds.
func (p pipeline) triggers() any {
	return &[]*cp.CfnPipeline_PipelineTriggerDeclarationProperty{{
		ProviderType: jsii.String("CodeStarSourceConnection"),
		GitConfiguration: &cp.CfnPipeline_GitConfigurationProperty{
			SourceActionName: jsii.String("Source"),
			Push: &[]*cp.CfnPipeline_GitPushFilterProperty{{
				Branches:  &cp.CfnPipeline_GitBranchFilterCriteriaProperty{Includes: jsii.Strings(p.Pipeline.Branch)},
				FilePaths: &cp.CfnPipeline_GitFilePathFilterCriteriaProperty{Excludes: jsii.Strings("content/**")},
			}},
		},
	}}
}

func (p pipeline) approval() *cp.CfnPipeline_ActionDeclarationProperty {
	return &cp.CfnPipeline_ActionDeclarationProperty{
		Name:         jsii.String("Approve"),
		ActionTypeId: actionType("Approval", "Manual"),
		Configuration: map[string]any{
			"NotificationArn": *p.topic.TopicArn(),
			"CustomData":      "The rehearsal " + p.Rehearsal.String() + " is deployed and answers. Deploy " + p.Names.String() + "?",
		},
	}
}

// codeBuild runs a project on an artifact; of is the environment that it deploys.
func (p pipeline) codeBuild(name string, project awscodebuild.CfnProject, in, out string, of *names.Names) *cp.CfnPipeline_ActionDeclarationProperty {
	a := &cp.CfnPipeline_ActionDeclarationProperty{
		Name:           jsii.String(name),
		ActionTypeId:   actionType("Build", "CodeBuild"),
		InputArtifacts: &[]*cp.CfnPipeline_InputArtifactProperty{{Name: jsii.String(in)}},
	}
	configuration := map[string]any{"ProjectName": *project.Ref()}
	if of != nil {
		configuration["EnvironmentVariables"] = `[{"name":"ENVIRONMENT","type":"PLAINTEXT","value":"` + of.Env() + `"}]`
	}
	a.Configuration = configuration
	if out != "" {
		a.OutputArtifacts = &[]*cp.CfnPipeline_OutputArtifactProperty{{Name: jsii.String(out)}}
	}
	return a
}

func actionType(category, provider string) *cp.CfnPipeline_ActionTypeIdProperty {
	return &cp.CfnPipeline_ActionTypeIdProperty{
		Category: jsii.String(category), Owner: jsii.String("AWS"), Provider: jsii.String(provider), Version: jsii.String("1"),
	}
}

// The commands are those that anybody runs on their own machine. CodeBuild's image
// has a Go that fetches the one of go.mod.
const (
	buildSpec = `version: 0.2
env:
  variables: {GOTOOLCHAIN: auto}
phases:
  install:
    runtime-versions: {golang: latest, nodejs: 22, python: latest}
  build:
    commands:
      - .ci/test
      - .ci/assemble
artifacts:
  files: [.ci/**/*, .build/assembly/**/*, .build/blog, blog.yaml, content/**/*, infra/package*.json]
`
	deploySpec = `version: 0.2
phases:
  install:
    runtime-versions: {nodejs: 22, python: latest}
  build:
    commands:
      - .ci/deploy "$ENVIRONMENT"
`
)

// project makes one kind of build: an ARM machine, like those that run the code.
func (p pipeline) project(name, spec, size string, minutes float64, more ...awsiam.PolicyStatement) awscodebuild.CfnProject {
	logs := newLogGroup(p.Stack, name+"Logs", "", p.LogsDays)
	role := p.serviceRole(name, "codebuild.amazonaws.com")
	for _, s := range append(p.artifacts(), p.writes(logs)) {
		role.AddToPolicy(s)
	}
	for _, s := range more {
		role.AddToPolicy(s)
	}
	made := awscodebuild.NewCfnProject(p.Stack, jsii.String(name), &awscodebuild.CfnProjectProps{
		ServiceRole: role.RoleArn(),
		Artifacts:   &awscodebuild.CfnProject_ArtifactsProperty{Type: jsii.String("CODEPIPELINE")},
		Source:      &awscodebuild.CfnProject_SourceProperty{Type: jsii.String("CODEPIPELINE"), BuildSpec: jsii.String(spec)},
		Environment: &awscodebuild.CfnProject_EnvironmentProperty{
			Type: jsii.String("ARM_CONTAINER"), ComputeType: jsii.String(size),
			Image: jsii.String("aws/codebuild/amazonlinux-aarch64-standard:3.0"),
		},
		LogsConfig: &awscodebuild.CfnProject_LogsConfigProperty{
			CloudWatchLogs: &awscodebuild.CfnProject_CloudWatchLogsConfigProperty{
				Status: jsii.String("ENABLED"), GroupName: logs.LogGroupName(),
			},
		},
		TimeoutInMinutes: jsii.Number(minutes),
	})
	excusePolicy(role, "AwsSolutions-IAM5", artifactNames)
	excuse(made, "AwsSolutions-CB4", "Artifacts are encrypted by S3, and hold what is public or in the repository.")
	// Not before it may write its log: it would fail, and say nothing.
	made.Node().AddDependency(role)
	return made
}

func (p pipeline) serviceRole(id, service string) awsiam.Role {
	return awsiam.NewRole(p.Stack, jsii.String(id+"Role"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewPrincipalWithConditions(awsiam.NewServicePrincipal(jsii.String(service), nil),
			// On behalf of this account alone.
			&map[string]any{"StringEquals": map[string]string{"aws:SourceAccount": account()}}),
		Description: jsii.String("Blog: pipeline"),
	})
}

func (p pipeline) writes(logs awslogs.LogGroup) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(allow("WriteLog", []string{"logs:CreateLogStream", "logs:PutLogEvents"}, *logs.LogGroupArn()))
}

// artifacts are the objects that CodePipeline hands from action to action, under
// the first twenty characters of the pipeline's name.
func (p pipeline) artifacts() []awsiam.PolicyStatement {
	name := p.Names.String()
	objects := *p.bucket.BucketArn() + "/" + name[:min(len(name), 20)] + "/*"
	return []awsiam.PolicyStatement{
		awsiam.NewPolicyStatement(allow("Artifacts", []string{"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"}, objects)),
		awsiam.NewPolicyStatement(allow("FindArtifacts", []string{"s3:GetBucketLocation", "s3:GetBucketVersioning"}, *p.bucket.BucketArn())),
	}
}

// role is the pipeline's own: it fetches the commit, starts builds, asks a person.
func (p pipeline) role(projects []string) awsiam.Role {
	role := p.serviceRole("Pipeline", "codepipeline.amazonaws.com")
	for _, s := range append(p.artifacts(),
		// The service had another name, which its older ARNs and its older
		// permission still have.
		awsiam.NewPolicyStatement(allow("FetchCommit", []string{"codeconnections:UseConnection", "codestar-connections:UseConnection"}, p.Pipeline.Connection)),
		awsiam.NewPolicyStatement(allow("Build", []string{"codebuild:StartBuild", "codebuild:BatchGetBuilds"}, projects...)),
		awsiam.NewPolicyStatement(allow("AskAPerson", []string{"sns:Publish"}, *p.topic.TopicArn())),
	) {
		role.AddToPolicy(s)
	}
	excusePolicy(role, "AwsSolutions-IAM5", artifactNames)
	return role
}
