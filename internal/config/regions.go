package config

// regions are the AWS regions of the standard partition, and whether an
// account must opt in before it can use one
// (https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html,
// November 2026). A region that opened since needs a line here.
var regions = map[string]struct{ optIn bool }{
	"af-south-1":     {true},
	"ap-east-1":      {true},
	"ap-east-2":      {true},
	"ap-northeast-1": {false},
	"ap-northeast-2": {false},
	"ap-northeast-3": {false},
	"ap-south-1":     {false},
	"ap-south-2":     {true},
	"ap-southeast-1": {false},
	"ap-southeast-2": {false},
	"ap-southeast-3": {true},
	"ap-southeast-4": {true},
	"ap-southeast-5": {true},
	"ap-southeast-6": {true},
	"ap-southeast-7": {true},
	"ca-central-1":   {false},
	"ca-west-1":      {true},
	"eu-central-1":   {false},
	"eu-central-2":   {true},
	"eu-north-1":     {false},
	"eu-south-1":     {true},
	"eu-south-2":     {true},
	"eu-west-1":      {false},
	"eu-west-2":      {false},
	"eu-west-3":      {false},
	"il-central-1":   {true},
	"me-central-1":   {true},
	"me-south-1":     {true},
	"mx-central-1":   {true},
	"sa-east-1":      {false},
	"us-east-1":      {false},
	"us-east-2":      {false},
	"us-west-1":      {false},
	"us-west-2":      {false},
}

// OptIn says whether an account must enable the region before it can be used.
func OptIn(region string) bool { return regions[region].optIn }

// retentions are the days for which CloudWatch can keep logs
// (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html).
var retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545,
	731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
