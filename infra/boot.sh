#!/bin/bash
# Makes an instance of Amazon Linux 2023 one of the fleet. Everything comes from S3,
# the packages of the distribution too: there is no other way out. Words between @
# are replaced by infra/fleet.go.
set -euxo pipefail

dnf upgrade -y --releasever=latest
dnf install -y --setopt=install_weak_deps=False amazon-cloudwatch-agent logrotate

# The program is the Lambda's, in the Lambda's zip.
aws s3 cp --region @REGION@ --no-progress s3://@ASSETS@/@PROGRAM@ /tmp/renderer.zip
mkdir -p /opt/blog
python3 -m zipfile -e /tmp/renderer.zip /opt/blog
chmod 755 /opt/blog /opt/blog/bootstrap
rm /tmp/renderer.zip

cat >/etc/systemd/system/renderer.service <<'UNIT'
[Unit]
Description=The blog's renderer
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/opt/blog/bootstrap
Environment=BLOG_LISTEN=:8080
Environment=BLOG_BUCKET=@BUCKET@
Environment=AWS_REGION=@REGION@
Restart=always
RestartSec=2
TimeoutStopSec=40
StandardOutput=append:/var/log/blog-renderer.log
StandardError=inherit
# It reads and writes nothing here.
DynamicUser=yes
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
PrivateTmp=yes
PrivateDevices=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
UNIT

cat >/etc/logrotate.d/blog-renderer <<'ROTATE'
/var/log/blog-renderer.log {
  size 100M
  rotate 2
  copytruncate
  missingok
}
ROTATE

cat >/opt/aws/amazon-cloudwatch-agent/etc/blog.json <<'AGENT'
{
  "agent": {"region": "@REGION@", "run_as_user": "root"},
  "logs": {
    "logs_collected": {
      "files": {
        "collect_list": [
          {"file_path": "/var/log/blog-renderer.log", "log_group_name": "@LOG_GROUP@", "log_stream_name": "{instance_id}"},
          {"file_path": "/var/log/cloud-init-output.log", "log_group_name": "@LOG_GROUP@", "log_stream_name": "{instance_id}/boot"}
        ]
      }
    }
  }
}
AGENT
/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s \
  -c file:/opt/aws/amazon-cloudwatch-agent/etc/blog.json

systemctl daemon-reload
systemctl enable --now renderer
