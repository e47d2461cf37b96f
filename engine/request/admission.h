// Admission: AdmissionReview v1 as the API server sends it, and our own shape, which may leave out
// whatever the objects tell. Source: k8s.io/api/admission/v1, types.go.
#pragma once

#include "engine/request/request_state.h"

namespace writ {

// Who wrote the members of an admission's `request`: the caller, or the API server (whose next
// version may add some).
enum class AdmissionSource : std::uint8_t { kRequest, kReview };

// Takes the parts of an AdmissionReview apart and fills its roots.
[[nodiscard]] bool FillReview(JsonNode review, RequestState& state);

// Fills the roots of an admission from `state.given`: works out kind, operation, name and namespace
// where they are left out, and the principal from `request.userInfo`.
[[nodiscard]] bool FillAdmission(AdmissionSource source, RequestState& state);

}  // namespace writ
