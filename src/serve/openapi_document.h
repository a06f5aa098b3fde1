#pragma once

namespace bart {

/// What programs can ask, as OpenAPI 3.0 (https://spec.openapis.org/oas/v3.0.3).
inline constexpr const char* openapi_document = R"json({
"openapi": "3.0.3",
"info": {"title": "bart serve", "version": "1", "description": "A trained image classifier over HTTP.", "license": {"name": "MIT", "url": "https://opensource.org/license/mit"}},
"servers": [{"url": "/"}],
"security": [{}, {"token": []}],
"paths": {
"/v1/predict": {"post": {"operationId": "predict", "summary": "The most probable classes of pictures",
"description": "The body is a picture file (JPEG, PNG, WebP, BMP, GIF, TIFF, AVIF, ICO, PNM), recognized by its content, or a form with several.",
"parameters": [
{"name": "top_k", "in": "query", "description": "How many classes", "schema": {"type": "integer", "minimum": 1, "maximum": 1000000, "default": 5}},
{"name": "explain", "in": "query", "description": "For how many classes to show where the network looked (Grad-CAM)", "schema": {"type": "integer", "minimum": 0, "maximum": 5, "default": 0}},
{"name": "input", "in": "query", "description": "1: show the picture as the network sees it", "schema": {"type": "integer", "minimum": 0, "maximum": 1, "default": 0}}],
"requestBody": {"required": true, "content": {
"application/octet-stream": {"schema": {"type": "string", "format": "binary", "minLength": 1}},
"multipart/form-data": {"schema": {"type": "object", "required": ["pictures"], "properties": {"pictures": {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary", "minLength": 1}}}}}}},
"responses": {"200": {"description": "A prediction per picture, in their order", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Predictions"}}}},
"400": {"$ref": "#/components/responses/Error"}, "401": {"$ref": "#/components/responses/Error"}, "403": {"$ref": "#/components/responses/Error"}, "408": {"$ref": "#/components/responses/Error"}, "411": {"$ref": "#/components/responses/Error"}, "413": {"$ref": "#/components/responses/Error"}, "415": {"$ref": "#/components/responses/Error"}, "417": {"$ref": "#/components/responses/Error"}, "431": {"$ref": "#/components/responses/Error"}, "503": {"$ref": "#/components/responses/Error"}}}},
"/v1/model": {"get": {"operationId": "model", "summary": "The model that answers",
"responses": {"200": {"description": "Its classes and its card", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Model"}}}}, "default": {"$ref": "#/components/responses/Error"}}}},
"/v1/model/examples/{class}": {"get": {"operationId": "example", "summary": "A test picture of a class", "parameters": [{"name": "class", "in": "path", "required": true, "description": "Its place among the classes", "schema": {"type": "integer", "minimum": 0}}],
"responses": {"200": {"description": "The picture", "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}, "default": {"$ref": "#/components/responses/Error"}}}},
"/v1/model/report": {"get": {"operationId": "report", "summary": "The report of the training",
"responses": {"200": {"description": "A page", "content": {"text/html": {"schema": {"type": "string"}}}}, "default": {"$ref": "#/components/responses/Error"}}}},
"/healthz": {"get": {"operationId": "healthy", "summary": "Whether the server runs", "security": [],
"responses": {"200": {"$ref": "#/components/responses/Status"}, "default": {"$ref": "#/components/responses/Error"}}}},
"/readyz": {"get": {"operationId": "ready", "summary": "Whether the server takes requests", "security": [],
"responses": {"200": {"$ref": "#/components/responses/Status"}, "default": {"$ref": "#/components/responses/Error"}}}},
"/metrics": {"get": {"operationId": "metrics", "summary": "Counts and times for Prometheus",
"responses": {"200": {"description": "Prometheus' text format", "content": {"text/plain": {"schema": {"type": "string"}}}}, "default": {"$ref": "#/components/responses/Error"}}}},
"/v2": {"get": {"operationId": "v2Server", "summary": "Open Inference Protocol: the server",
"responses": {"200": {"$ref": "#/components/responses/Object"}, "default": {"$ref": "#/components/responses/Error"}}}},
"/v2/health/live": {"get": {"operationId": "v2Live", "summary": "Open Inference Protocol: whether the server runs", "security": [],
"responses": {"200": {"$ref": "#/components/responses/Object"}, "default": {"$ref": "#/components/responses/Error"}}}},
"/v2/health/ready": {"get": {"operationId": "v2Ready", "summary": "Open Inference Protocol: whether the server takes requests", "security": [],
"responses": {"200": {"$ref": "#/components/responses/Object"}, "default": {"$ref": "#/components/responses/Error"}}}},
"/v2/models/{model}": {"get": {"operationId": "v2Model", "summary": "Open Inference Protocol: the model", "parameters": [{"$ref": "#/components/parameters/model"}],
"responses": {"200": {"$ref": "#/components/responses/Object"}, "default": {"$ref": "#/components/responses/Error"}}}},
"/v2/models/{model}/ready": {"get": {"operationId": "v2ModelReady", "summary": "Open Inference Protocol: whether the model answers", "parameters": [{"$ref": "#/components/parameters/model"}],
"responses": {"200": {"$ref": "#/components/responses/Object"}, "default": {"$ref": "#/components/responses/Error"}}}},
"/v2/models/{model}/infer": {"post": {"operationId": "v2Infer", "summary": "Open Inference Protocol: classify pictures", "parameters": [{"$ref": "#/components/parameters/model"}],
"requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/TensorRequest"}}}},
"responses": {"200": {"$ref": "#/components/responses/Object"}, "default": {"$ref": "#/components/responses/Error"}}}}
},
"components": {
"securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "If the server has a token"}},
"parameters": {"model": {"name": "model", "in": "path", "required": true, "description": "The name of the model", "schema": {"type": "string", "minLength": 1}, "example": "bart"}},
"responses": {
"Error": {"description": "The reason, in a sentence", "content": {"application/json": {"schema": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}}}},
"Status": {"description": "Yes", "content": {"application/json": {"schema": {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}}}}},
"Object": {"description": "As the protocol says", "content": {"application/json": {"schema": {"type": "object"}}}}},
"schemas": {
"Predictions": {"type": "object", "required": ["model", "predictions"], "properties": {
"model": {"type": "object", "required": ["name", "version"], "properties": {"name": {"type": "string"}, "version": {"type": "string"}}},
"predictions": {"type": "array", "items": {"type": "object", "required": ["classes"], "properties": {
"file": {"type": "string"},
"classes": {"type": "array", "description": "The most probable first", "items": {"type": "object", "required": ["class", "probability"], "properties": {"class": {"type": "string"}, "probability": {"type": "number", "minimum": 0, "maximum": 1}}}},
"input": {"type": "string", "description": "A PNG as a data: URL"},
"explanations": {"type": "array", "items": {"type": "object", "required": ["class", "picture"], "properties": {"class": {"type": "string"}, "picture": {"type": "string", "description": "A PNG as a data: URL"}}}}}}}}},
"Model": {"type": "object", "required": ["name", "version", "image_size", "classes"], "properties": {
"name": {"type": "string"}, "version": {"type": "string"}, "image_size": {"type": "integer"},
"classes": {"type": "array", "items": {"type": "string"}},
"examples": {"type": "array", "description": "Whether there is an example of each class", "items": {"type": "boolean"}},
"facts": {"type": "array", "description": "Labels and values", "items": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "string"}}},
"report": {"type": "boolean", "description": "Whether there is a report of the training"}}},
"TensorRequest": {"type": "object", "required": ["inputs"], "properties": {
"id": {"type": "string"},
"inputs": {"type": "array", "minItems": 1, "maxItems": 1, "items": {"oneOf": [{"$ref": "#/components/schemas/PictureInput"}, {"$ref": "#/components/schemas/PixelsInput"}]}},
"outputs": {"type": "array", "maxItems": 2, "uniqueItems": true, "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "enum": ["probabilities", "class"]}}}}}},
"PictureInput": {"type": "object", "description": "Picture files", "required": ["name", "shape", "datatype", "data"], "properties": {
"name": {"type": "string", "enum": ["picture"]}, "datatype": {"type": "string", "enum": ["BYTES"]},
"shape": {"type": "array", "description": "[n]", "minItems": 1, "maxItems": 1, "items": {"type": "integer", "minimum": 1, "maximum": 1048576}},
"data": {"type": "array", "description": "n picture files", "minItems": 1, "items": {"type": "string", "format": "byte", "minLength": 4}}}},
"PixelsInput": {"type": "object", "description": "Pictures of the model's size", "required": ["name", "shape", "datatype", "data"], "properties": {
"name": {"type": "string", "enum": ["pixels"]}, "datatype": {"type": "string", "enum": ["UINT8"]},
"shape": {"type": "array", "description": "[n, size, size, 3], with the image_size of /v1/model", "minItems": 4, "maxItems": 4, "items": {"type": "integer", "minimum": 1, "maximum": 1048576}},
"data": {"type": "array", "description": "n * size * size * 3 values", "minItems": 3, "items": {"type": "integer", "minimum": 0, "maximum": 255}}}}
}}}
)json";

}  // namespace bart
