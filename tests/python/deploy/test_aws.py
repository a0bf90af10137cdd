"""deploy/aws: linted, and deployed to a double of AWS (moto), where an upload leads to a message."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import boto3
import pytest
from cfnlint.api import lint_all
from moto import mock_aws

from .cloudformation import Stack, complete

TEMPLATE = Path(__file__).resolve().parents[3] / "deploy" / "aws" / "lakeweave.yaml"
REGION = "us-east-1"


@pytest.fixture
def aws(monkeypatch) -> Any:
    """A double of AWS, with nothing in it; the credentials are a fake's."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield


def deploy(**parameters: str) -> dict[str, str]:
    """Makes the stack, or changes it, and gives its outputs."""
    cloudformation = boto3.client("cloudformation", region_name=REGION)
    there = any(each["StackName"] == "lakeweave" for each in cloudformation.describe_stacks()["Stacks"])
    (cloudformation.update_stack if there else cloudformation.create_stack)(
        StackName="lakeweave",
        TemplateBody=TEMPLATE.read_text(),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    stack = cloudformation.describe_stacks(StackName="lakeweave")["Stacks"][0]
    assert stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    made = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    complete(TEMPLATE.read_text(), parameters, made)
    return made


def role_policies() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    iam = boto3.client("iam", region_name=REGION)
    trust = iam.get_role(RoleName="lakeweave-bigquery")["Role"]["AssumeRolePolicyDocument"]
    names = iam.list_role_policies(RoleName="lakeweave-bigquery")["PolicyNames"]
    assert iam.list_attached_role_policies(RoleName="lakeweave-bigquery")["AttachedPolicies"] == []
    return trust, [
        iam.get_role_policy(RoleName="lakeweave-bigquery", PolicyName=name)["PolicyDocument"] for name in names
    ]


def test_the_template_is_linted() -> None:
    """Neither errors nor warnings; a mistake that is put in is found, so the linter looks."""
    wrong = TEMPLATE.read_text().replace("MaxSessionDuration: 43200", "MaxSessionDuration: long")
    found = [str(each) for each in lint_all(wrong) if each.rule.severity != "informational"]
    assert len(found) == 1, found
    assert "'long' is not of type 'integer'" in found[0]


def test_an_upload_leads_to_a_message(aws) -> None:
    made = deploy()
    sqs, sns, s3 = (boto3.client(each, region_name=REGION) for each in ("sqs", "sns", "s3"))
    queue = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=made["ArrivalsTopic"], Protocol="sqs", Endpoint=arn)

    s3.put_object(Bucket=made["GoldBucketName"], Key="ours.parquet", Body=b"no event")
    s3.put_object(Bucket=made["LandingBucketName"], Key="dms/listings/LOAD00000001.csv", Body=b"a,b\n1,2\n")
    told = [
        json.loads(each["Body"]) for each in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    ]
    records = [record for each in told for record in json.loads(each["Message"]).get("Records", [])]
    assert [unquote_plus(each["s3"]["object"]["key"]) for each in records] == ["dms/listings/LOAD00000001.csv"]
    assert records[0]["eventName"].startswith("ObjectCreated")
    assert records[0]["s3"]["bucket"]["name"] == "lakeweave-landing"


def test_an_address_is_subscribed_only_when_given(aws) -> None:
    made = deploy()
    sns = boto3.client("sns", region_name=REGION)
    assert sns.list_subscriptions_by_topic(TopicArn=made["ArrivalsTopic"])["Subscriptions"] == []
    deploy(NotificationEmail="data@example.com")
    said = sns.list_subscriptions_by_topic(TopicArn=made["ArrivalsTopic"])["Subscriptions"]
    assert [(each["Protocol"], each["Endpoint"]) for each in said] == [("email", "data@example.com")]


def test_the_role_is_bigquerys_alone_and_reads_only(aws) -> None:
    deploy()
    trust, policies = role_policies()
    assert trust["Statement"][0]["Condition"] == {"StringEquals": {"accounts.google.com:sub": "00000"}}
    deploy(BigQueryIdentity="109876543210987654321")
    trust, policies = role_policies()
    assert trust["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Federated": "accounts.google.com"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {"accounts.google.com:sub": "109876543210987654321"}},
        }
    ]
    allowed = {}
    for statement in (each for policy in policies for each in policy["Statement"]):
        assert statement["Effect"] == "Allow"
        allowed[statement["Action"]] = sorted(statement["Resource"])
    buckets = ["arn:aws:s3:::lakeweave-gold", "arn:aws:s3:::lakeweave-landing"]
    assert allowed == {"s3:ListBucket": buckets, "s3:GetObject": [f"{bucket}/*" for bucket in buckets]}


def test_buckets_keep_old_versions_for_a_while_and_are_private(aws) -> None:
    made = deploy(DaysOfOldVersions="7")
    s3 = boto3.client("s3", region_name=REGION)
    for bucket in (made["LandingBucketName"], made["GoldBucketName"]):
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
        assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
        rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        assert {"NoncurrentDays": 7}.items() <= rules[0]["NoncurrentVersionExpiration"].items()
        assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]


def test_buckets_refuse_unencrypted_transport() -> None:
    policies = Stack(TEMPLATE.read_text(), {}, "topic").of_type("AWS::S3::BucketPolicy")
    assert [each["Bucket"] for each in policies] == ["lakeweave-landing", "lakeweave-gold"]
    for policy in policies:
        (statement,) = policy["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:*")
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        bucket = f"arn:aws:s3:::{policy['Bucket']}"
        assert statement["Resource"] == [bucket, f"{bucket}/*"]


def test_no_key_is_in_the_template() -> None:
    text = TEMPLATE.read_text()
    for word in ("AccessKey", "SecretAccess", "AKIA", "password", "BEGIN "):
        assert word not in text
