// Facts about an image as the engine reads them.
#include "webhook/image/facts/image_facts.h"

#include "engine/json/json_writer.h"

namespace writ::image {

std::string FactJson(const ImageFacts& facts) {
  std::string out;
  JsonWriter json(out);
  json.Open('{');
  json.Key("signedBy").Strings(facts.signed_by);
  json.Key("refuted").Strings(facts.refuted);
  json.Key("unknown").Strings(facts.unknown);
  json.Key("attestations").Open('[');
  for (const ImageAttestation& attestation : facts.attestations) {
    json.Open('{');
    json.Key("type").String(attestation.predicate_type);
    json.Key("signedBy").Strings(attestation.signed_by);
    json.Key("predicate").Raw(attestation.predicate_json);
    json.Key("about").String(attestation.about);
    json.Close('}');
  }
  json.Close(']');
  json.Close('}');
  return out;
}

}  // namespace writ::image
