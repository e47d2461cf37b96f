// Image references: what is accepted has a canonical text that reads as the same image, made of nothing that could leave a URL path.
// Inputs are capped at 1 KB: references end at 512 bytes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "rules/base/check.h"
#include "webhook/image/reference/image_reference.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 1024) return 0;
  using writ::image::ImageReference;
  const writ::Result<ImageReference> reference = writ::image::ParseImageReference({reinterpret_cast<const char*>(data), size});
  if (!reference) {
    WRIT_CHECK(!reference.error().message.empty());
    return 0;
  }
  const std::string text = reference->Text();
  const writ::Result<ImageReference> again = writ::image::ParseImageReference(text);
  WRIT_CHECK(again.ok());
  WRIT_CHECK(again->Text() == text);
  WRIT_CHECK(again->ApiHost() == reference->ApiHost());
  WRIT_CHECK(writ::image::IsRepository(reference->repository));
  WRIT_CHECK(writ::image::IsTag(reference->Target()) || writ::image::IsSha256Digest(reference->Target()));
  WRIT_CHECK(text.find_first_of(" \t\r\n?#%\\") == std::string::npos);
  return 0;
}
