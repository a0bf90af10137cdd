"""A fake, for what moto's CloudFormation passes over: it makes the resources, but neither all of their properties nor policies.

`complete` reads these from the template itself, resolves the functions in them, and creates the same in moto's S3, SNS and IAM.
"""

from __future__ import annotations

import json
import re
from typing import Any

import boto3
import yaml

ACCOUNT, REGION = "123456789012", "us-east-1"


class _Loader(yaml.SafeLoader):
    """Short forms (`!Ref x`) as their long ones."""


def _function(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)


class Stack:
    """The template with its parameters given, and what the resources are called."""

    def __init__(self, template: str, parameters: dict[str, str], topic: str) -> None:
        self.template = yaml.load(template, _Loader)
        defaults = {name: str(said["Default"]) for name, said in self.template["Parameters"].items()}
        self.names = defaults | parameters | {"AWS::AccountId": ACCOUNT, "AWS::Partition": "aws", "Arrivals": topic}

    def resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.resolve(each) for each in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Ref"}:
            name = value["Ref"]
            return self.names[name] if name in self.names else self.physical(name)
        if set(value) == {"Fn::Sub"}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: self._named(found[1]), value["Fn::Sub"])
        if set(value) == {"Fn::GetAtt"}:
            return self._named(value["Fn::GetAtt"])
        return {key: self.resolve(each) for key, each in value.items()}

    def _named(self, name: str) -> str:
        thing, _, attribute = name.partition(".")
        if attribute == "Arn":
            return f"arn:aws:s3:::{self.physical(thing)}"
        return str(self.resolve({"Ref": name}))

    def physical(self, logical: str) -> str:
        said = self.template["Resources"][logical]["Properties"]
        return str(self.resolve(next(said[key] for key in ("BucketName", "RoleName", "TopicName") if key in said)))

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        found = []
        for said in self.template["Resources"].values():
            if said["Type"] == kind and ("Condition" not in said or self.holds(said["Condition"])):
                found.append(self.resolve(said["Properties"]))
        return found

    def holds(self, condition: str) -> bool:
        """Only of the form that the template has: `!Not [!Equals [a, b]]`."""
        ((equal,),) = [self.template["Conditions"][condition]["Fn::Not"]]
        left, right = self.resolve(equal["Fn::Equals"])
        return left != right


def complete(template: str, parameters: dict[str, str], outputs: dict[str, str]) -> None:
    """Everything of the template that moto's CloudFormation leaves out.

    But for the buckets' policies: moto reads no conditions in them, and would refuse every request.
    """
    stack = Stack(template, parameters, outputs["ArrivalsTopic"])
    s3, sns, iam = (boto3.client(name, region_name=REGION) for name in ("s3", "sns", "iam"))
    for role in stack.of_type("AWS::IAM::Role"):
        iam.update_assume_role_policy(
            RoleName=role["RoleName"], PolicyDocument=json.dumps(role["AssumeRolePolicyDocument"])
        )
    for policy in stack.of_type("AWS::IAM::RolePolicy"):
        document = json.dumps(policy["PolicyDocument"])
        iam.put_role_policy(RoleName=policy["RoleName"], PolicyName=policy["PolicyName"], PolicyDocument=document)
    for policy in stack.of_type("AWS::SNS::TopicPolicy"):
        for topic in policy["Topics"]:
            document = json.dumps(policy["PolicyDocument"])
            sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document)
    for said in stack.of_type("AWS::SNS::Subscription"):
        sns.subscribe(TopicArn=said["TopicArn"], Protocol=said["Protocol"], Endpoint=said["Endpoint"])
    for bucket in stack.of_type("AWS::S3::Bucket"):
        _complete_bucket(s3, bucket)


def _complete_bucket(s3: Any, said: dict[str, Any]) -> None:
    """The words of the API for those of the template: they differ in a few places."""
    name = said["BucketName"]
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=said["VersioningConfiguration"])
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=said["PublicAccessBlockConfiguration"])
    rules = []
    for rule in said["LifecycleConfiguration"]["Rules"]:
        made = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
        if "NoncurrentVersionExpiration" in rule:
            made["NoncurrentVersionExpiration"] = {
                "NoncurrentDays": int(rule["NoncurrentVersionExpiration"]["NoncurrentDays"])
            }
        if "AbortIncompleteMultipartUpload" in rule:
            made["AbortIncompleteMultipartUpload"] = rule["AbortIncompleteMultipartUpload"]
        if "Transitions" in rule:
            made["Transitions"] = [
                {"StorageClass": each["StorageClass"], "Days": each["TransitionInDays"]} for each in rule["Transitions"]
            ]
        rules.append(made)
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
    topics = said.get("NotificationConfiguration", {}).get("TopicConfigurations", [])
    if topics:
        told = [{"TopicArn": each["Topic"], "Events": [each["Event"]]} for each in topics]
        s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={"TopicConfigurations": told})
