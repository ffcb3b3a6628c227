package assembly

import (
	"fmt"
	"strings"
)

// What Ref and Fn::GetAtt give, for the types whose identity is a part of
// something else (a host name, an ARN that is also written out by hand, a name
// in a policy). Anything else has a made-up one, which can be compared and
// means nothing.

func (e evaluation) identity(r *resource) (string, error) {
	in := evaluation{r.stack, e.depth}
	s := r.stack
	switch r.typ {
	case "AWS::S3::Bucket":
		return in.bucketName(r)
	case "AWS::Lambda::Function":
		return in.name(r, "FunctionName")
	case "AWS::Lambda::Version", "AWS::Lambda::Alias":
		fn, err := in.text(r.properties["FunctionName"])
		if err != nil {
			return "", err
		}
		version := "1"
		if r.typ == "AWS::Lambda::Alias" {
			if version, err = in.text(r.properties["Name"]); err != nil {
				return "", err
			}
		}
		if !strings.HasPrefix(fn, "arn:") {
			fn = functionARN(s, fn)
		}
		return fn + ":" + version, nil
	case "AWS::ApiGatewayV2::Api":
		return strings.ToLower(r.id), nil
	case "AWS::ApiGatewayV2::DomainName":
		return in.text(r.properties["DomainName"])
	case "AWS::CloudFront::Distribution":
		return "E" + strings.ToUpper(r.id), nil
	case "AWS::SSM::Parameter", "AWS::SecretsManager::Secret":
		return in.name(r, "Name")
	}
	return s.name + "/" + r.id, nil
}

func (e evaluation) attribute(r *resource, name string) (string, error) {
	id, err := e.identity(r)
	if err != nil {
		return "", err
	}
	s := r.stack
	switch r.typ + " " + name {
	case "AWS::S3::Bucket Arn":
		return "arn:aws:s3:::" + id, nil
	case "AWS::S3::Bucket RegionalDomainName":
		return id + ".s3." + s.region + ".amazonaws.com", nil
	case "AWS::Lambda::Function Arn":
		return functionARN(s, id), nil
	case "AWS::Lambda::Version Version":
		return "1", nil
	case "AWS::Lambda::Alias AliasArn":
		return id, nil
	case "AWS::CloudFront::Distribution DomainName":
		return strings.ToLower(id) + ".cloudfront.net", nil
	case "AWS::KMS::Key Arn":
		return fmt.Sprintf("arn:aws:kms:%s:%s:key/%s", s.region, s.account, r.id), nil
	case "AWS::CloudFront::KeyValueStore Arn":
		return fmt.Sprintf("arn:aws:cloudfront::%s:key-value-store/%s", s.account, r.id), nil
	case "AWS::CloudFront::Function FunctionARN":
		return fmt.Sprintf("arn:aws:cloudfront::%s:function/%s", s.account, r.id), nil
	}
	if name == "Id" {
		return id, nil // of CloudFront's policies, which Ref gives as well
	}
	return s.name + "/" + r.id + "." + name, nil
}

func functionARN(s *stack, name string) string {
	return fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", s.region, s.account, name)
}

// name is the name that a resource is given, or one that CloudFormation makes.
func (e evaluation) name(r *resource, property string) (string, error) {
	if v, ok := r.properties[property]; ok {
		return e.text(v)
	}
	return r.stack.name + "-" + r.id, nil
}

// bucketName is the name of a bucket. In the account's own namespace only its
// beginning is given
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html).
func (e evaluation) bucketName(r *resource) (string, error) {
	if v, ok := r.properties["BucketNamePrefix"]; ok {
		prefix, err := e.text(v)
		if err != nil {
			return "", err
		}
		return prefix + "-" + r.stack.account + "-" + r.stack.region + "-an", nil
	}
	name, err := e.name(r, "BucketName")
	return strings.ToLower(name), err
}
