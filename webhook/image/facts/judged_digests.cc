// Which digests of an image have to be signed.
#include "webhook/image/facts/judged_digests.h"

#include <algorithm>

namespace writ::image {

Result<std::vector<std::string>> DigestsToJudge(const ResolvedImage& image, PlatformRule rule, std::uint32_t max_platforms) {
  if (rule == PlatformRule::kNamed) return std::vector<std::string>{image.digest};
  std::vector<std::string> out;
  if (rule == PlatformRule::kBoth || !image.is_index) out.push_back(image.digest);
  bool runs = !image.is_index;
  for (const PlatformImage& platform : image.platforms) {
    if (!platform.is_runnable()) continue;
    runs = true;
    // Its platforms would be judged by nobody, and whoever runs the outer index may run one of them.
    if (platform.is_index) {
      return Error{ErrorCode::kInvalidArgument, "the index lists another index, " + platform.digest +
                                                    ", whose platforms are not looked at: sign with `platforms index`, or make it flat"};
    }
    if (std::find(out.begin(), out.end(), platform.digest) == out.end()) out.push_back(platform.digest);
  }
  if (!runs) return Error{ErrorCode::kInvalidArgument, "the index lists no image that runs on a platform, so that none can be signed"};
  if (out.size() > max_platforms) {
    return Error{ErrorCode::kTooLarge,
                 "the index lists " + std::to_string(out.size()) + " manifests, at most " + std::to_string(max_platforms) + " are judged"};
  }
  return out;
}

}  // namespace writ::image
