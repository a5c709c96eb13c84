//! One invented service in the notations of botocore and Smithy, saying the same.

use serde_json::{Value, json};

/// The service as botocore's `service-2.json` has it.
pub(crate) fn botocore() -> Value {
    json!({
        "version": "2.0",
        "metadata": {
            "apiVersion": "2020-01-01", "endpointPrefix": "shelf", "jsonVersion": "1.1",
            "protocol": "json", "signingName": "shelf", "targetPrefix": "ShelfService",
        },
        "documentation": "<p>Prose that must not be kept.</p>",
        "operations": {
            "GetBook": {
                "name": "GetBook",
                "input": { "shape": "GetBookRequest" },
                "output": { "shape": "GetBookResponse" },
                "errors": [{ "shape": "NoBookException" }, { "shape": "BrokenException" }],
                "documentation": "<p>Prose.</p>",
            },
            "DropBook": {
                "name": "DropBook",
                "input": { "shape": "GetBookRequest" },
                "errors": [{ "shape": "NoBookException" }],
                "authtype": "none",
            },
        },
        "shapes": {
            "GetBookRequest": {
                "type": "structure",
                "required": ["Id"],
                "members": { "Id": { "shape": "IdType", "documentation": "<p>Prose.</p>" } },
            },
            "GetBookResponse": { "type": "structure", "members": { "Book": { "shape": "Book" } } },
            "Book": {
                "type": "structure",
                "required": ["Kind"],
                "members": {
                    "Kind": { "shape": "KindType" },
                    "Pages": { "shape": "PagesType", "deprecated": true },
                    "Printed": { "shape": "DateType" },
                    "Notes": { "shape": "NotesType" },
                    "Labels": { "shape": "LabelsType" },
                    "Cover": { "shape": "CoverType" },
                    "Sequels": { "shape": "BooksType" },
                },
            },
            "BooksType": { "type": "list", "member": { "shape": "Book" }, "max": 9 },
            "IdType": { "type": "string", "min": 1, "max": 9, "pattern": "[a-z]+", "sensitive": true },
            "KindType": { "type": "string", "enum": ["NOVEL", "ATLAS"] },
            "PagesType": { "type": "integer", "min": 1, "max": 2000 },
            "DateType": { "type": "timestamp" },
            "NotesType": { "type": "structure", "members": {}, "document": true },
            "LabelsType": {
                "type": "map", "key": { "shape": "IdType" }, "value": { "shape": "FlagType" }, "max": 5,
            },
            "FlagType": { "type": "boolean" },
            "CoverType": { "type": "blob", "max": 100 },
            "OrphanType": { "type": "string" },
            "NoBookException": { "type": "structure", "members": {}, "exception": true },
            "BrokenException": {
                "type": "structure", "members": {}, "exception": true, "fault": true,
            },
        },
    })
}

/// The service as a Smithy JSON AST has it.
pub(crate) fn smithy() -> Value {
    json!({
        "smithy": "2.0",
        "shapes": {
            "test.shelf#ShelfService": {
                "type": "service",
                "version": "2020-01-01",
                "operations": [{ "target": "test.shelf#DropBook" }],
                "resources": [{ "target": "test.shelf#BookResource" }],
                "traits": {
                    "aws.api#service": { "sdkId": "Shelf", "endpointPrefix": "shelf" },
                    "aws.auth#sigv4": { "name": "shelf" },
                    "aws.protocols#awsJson1_1": {},
                    "smithy.api#documentation": "<p>Prose that must not be kept.</p>",
                },
            },
            "test.shelf#BookResource": {
                "type": "resource",
                "read": { "target": "test.shelf#GetBook" },
            },
            "test.shelf#GetBook": {
                "type": "operation",
                "input": { "target": "test.shelf#GetBookRequest" },
                "output": { "target": "test.shelf#GetBookResponse" },
                "errors": [
                    { "target": "test.shelf#NoBookException" },
                    { "target": "test.shelf#BrokenException" },
                ],
                "traits": { "smithy.api#documentation": "<p>Prose.</p>" },
            },
            "test.shelf#DropBook": {
                "type": "operation",
                "input": { "target": "test.shelf#GetBookRequest" },
                "output": { "target": "smithy.api#Unit" },
                "errors": [{ "target": "test.shelf#NoBookException" }],
                "traits": { "smithy.api#auth": [] },
            },
            "test.shelf#GetBookRequest": {
                "type": "structure",
                "members": {
                    "Id": {
                        "target": "test.shelf#IdType",
                        "traits": { "smithy.api#required": {}, "smithy.api#documentation": "Prose." },
                    },
                },
            },
            "test.shelf#GetBookResponse": {
                "type": "structure",
                "members": { "Book": { "target": "test.shelf#Book" } },
            },
            "test.shelf#Book": {
                "type": "structure",
                "members": {
                    "Kind": {
                        "target": "test.shelf#KindType", "traits": { "smithy.api#required": {} },
                    },
                    "Pages": {
                        "target": "test.shelf#PagesType", "traits": { "smithy.api#deprecated": {} },
                    },
                    "Printed": { "target": "test.shelf#DateType" },
                    "Notes": { "target": "test.shelf#NotesType" },
                    "Labels": { "target": "test.shelf#LabelsType" },
                    "Cover": { "target": "test.shelf#CoverType" },
                    "Sequels": { "target": "test.shelf#BooksType" },
                },
            },
            "test.shelf#BooksType": {
                "type": "list",
                "member": { "target": "test.shelf#Book" },
                "traits": { "smithy.api#length": { "max": 9 } },
            },
            "test.shelf#IdType": {
                "type": "string",
                "traits": {
                    "smithy.api#length": { "min": 1, "max": 9 },
                    "smithy.api#pattern": "^[a-z]+$",
                    "smithy.api#sensitive": {},
                },
            },
            "test.shelf#KindType": {
                "type": "enum",
                "members": {
                    "NOVEL": {
                        "target": "smithy.api#Unit", "traits": { "smithy.api#enumValue": "NOVEL" },
                    },
                    "ATLAS": { "target": "smithy.api#Unit" },
                },
            },
            "test.shelf#PagesType": {
                "type": "integer", "traits": { "smithy.api#range": { "min": 1, "max": 2000 } },
            },
            "test.shelf#DateType": { "type": "timestamp" },
            "test.shelf#NotesType": { "type": "document" },
            "test.shelf#LabelsType": {
                "type": "map",
                "key": { "target": "test.shelf#IdType" },
                "value": { "target": "test.shelf#FlagType" },
                "traits": { "smithy.api#length": { "max": 5 } },
            },
            "test.shelf#FlagType": { "type": "boolean" },
            "test.shelf#CoverType": {
                "type": "blob", "traits": { "smithy.api#length": { "max": 100 } },
            },
            "test.shelf#OrphanType": { "type": "string" },
            "test.shelf#NoBookException": {
                "type": "structure", "members": {}, "traits": { "smithy.api#error": "client" },
            },
            "test.shelf#BrokenException": {
                "type": "structure", "members": {}, "traits": { "smithy.api#error": "server" },
            },
        },
    })
}

/// A Swagger 2.0 document of the same service; paths name the operations.
pub(crate) fn swagger() -> Value {
    json!({
        "swagger": "2.0",
        "info": { "title": "Shelf", "version": "1.0.0" },
        "paths": {
            "/?Action=GetBook": {
                "get": {
                    "description": "Prose.",
                    "parameters": [
                        { "in": "query", "name": "Id", "type": "string", "required": true },
                    ],
                    "responses": { "200": { "description": "OK" } },
                },
            },
        },
    })
}
