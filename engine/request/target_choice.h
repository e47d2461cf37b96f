// Which target a request is about.
#pragma once

#include <optional>
#include <string>

#include "engine/request/request_state.h"

namespace writ {

// What a document is, before its members are looked at.
enum class DocumentForm : std::uint8_t { kRequest, kReview, kManifest };

// Decides by `kind`, `apiVersion` and `target`. Refuses a Kubernetes object that does not say that
// it is to be decided. Requires: state.given has the document's members.
[[nodiscard]] bool ChooseForm(RequestState& state, DocumentForm& form);

// Chooses target, and of rows the table, and sets the shape. Refuses what names no target or table.
// Requires: DocumentForm::kRequest.
[[nodiscard]] bool ChooseShape(JsonNode document, RequestState& state);

// Returns "a tools request", for messages.
std::string RequestOf(Target target);

}  // namespace writ
