package assembly

// Bucket is a release bucket that an origin reads, and what it allows.
type Bucket struct {
	Name, Region string

	policy policy
	key    policy // of the key that encrypts it; nil for S3's own
	caller Request
}

// MayGet says whether CloudFront, asking as the distribution's origin does, is
// given the object under a key.
func (b *Bucket) MayGet(key string) bool {
	get := b.caller
	get.Action, get.Resource = "s3:GetObject", "arn:aws:s3:::"+b.Name+"/"+key
	return b.Allows(get)
}

// Allows judges any request for an object of the bucket. What it is encrypted
// with is asked as well.
func (b *Bucket) Allows(r Request) bool {
	if !b.policy.allows(r) {
		return false
	}
	if b.key == nil {
		return true
	}
	r.Action, r.Resource = "kms:Decrypt", "*" // a key's policy is about the key
	return b.key.allows(r)
}

// Caller is the request that CloudFront makes for the distribution, with
// neither action nor object.
func (b *Bucket) Caller() Request { return b.caller }

// bucketAt finds the bucket behind an origin's host name.
func (a *app) bucketAt(at *properties, host string) *Bucket {
	r := a.find("AWS::S3::Bucket", func(r *resource) bool {
		name, err := evaluation{r.stack, 0}.attribute(r, "RegionalDomainName")
		return err == nil && name == host
	})
	if r == nil {
		at.bad("DomainName", "no stack makes a bucket with the host name %s", host)
		return nil
	}
	b := &Bucket{Region: r.stack.region}
	p := r.props()
	b.Name, _ = evaluation{r.stack, 0}.identity(r)
	for _, name := range []string{"BucketName", "BucketNamePrefix", "BucketNamespace"} {
		p.asked[name] = true
	}
	if p.has("BucketNamePrefix") {
		p.only("BucketNamespace", "account-regional")
	}
	for _, rule := range p.object("BucketEncryption").list("ServerSideEncryptionConfiguration") {
		by := rule.object("ServerSideEncryptionByDefault")
		if by.only("SSEAlgorithm", "AES256", "aws:kms") == "aws:kms" {
			b.key = a.keyPolicy(by)
		}
	}
	p.done()

	of := a.find("AWS::S3::BucketPolicy", func(policy *resource) bool {
		if policy.stack != r.stack {
			return false
		}
		name, err := r.stack.text(policy.properties["Bucket"])
		return err == nil && name == b.Name
	})
	if of == nil {
		return b // it allows nobody anything
	}
	p = of.props()
	p.text("Bucket")
	b.policy = p.policyOf("PolicyDocument")
	p.done()
	return b
}

// keyPolicy is the policy of the key that a bucket is encrypted with.
func (a *app) keyPolicy(by *properties) policy {
	arn := by.text("KMSMasterKeyID")
	r := a.find("AWS::KMS::Key", func(r *resource) bool {
		got, err := evaluation{r.stack, 0}.attribute(r, "Arn")
		return err == nil && got == arn && r.stack.region == by.of.stack.region
	})
	if r == nil {
		by.bad("KMSMasterKeyID", "no stack makes the key %q; CloudFront cannot use one that is AWS's", arn)
		return policy{}
	}
	p := r.props()
	out := p.policyOf("KeyPolicy")
	if out == nil {
		out = policy{}
	}
	p.done()
	return out
}

// caller is CloudFront on behalf of a distribution, as S3 sees it: a service
// that signs, or nobody.
func caller(distribution *resource, signs bool) Request {
	r := Request{Context: map[string]string{"aws:securetransport": "true", "s3:tlsversion": "1.3"}}
	if signs {
		s := distribution.stack
		id, _ := evaluation{s, 0}.identity(distribution)
		r.Service = "cloudfront.amazonaws.com"
		r.Context["aws:sourceaccount"] = s.account
		r.Context["aws:sourcearn"] = "arn:aws:cloudfront::" + s.account + ":distribution/" + id
	}
	return r
}
