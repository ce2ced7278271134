# Why a crossing went as it did: to the traveler, to the officer, and what to do next. The traveler's text is shown
# large in place of a hint: short, kind, one thing to do.

reason-FACE_MATCHED_CHIP-traveler = Thank you. Have a good journey.
reason-FACE_MATCHED_CHIP-officer = The live face matched the portrait in the chip.
reason-FACE_MATCHED_CHIP-remedy = Nothing to do.

reason-FACE_MATCHED_ENROLLMENT-traveler = Thank you. Have a good journey.
reason-FACE_MATCHED_ENROLLMENT-officer = The live face matched the traveler’s enrollment.
reason-FACE_MATCHED_ENROLLMENT-remedy = Nothing to do.

reason-FINGER_MATCHED_ENROLLMENT-traveler = Thank you. Have a good journey.
reason-FINGER_MATCHED_ENROLLMENT-officer = The live finger matched the traveler’s enrollment.
reason-FINGER_MATCHED_ENROLLMENT-remedy = Nothing to do.

reason-OFFICER_ACCEPTED-traveler = Thank you. Have a good journey.
reason-OFFICER_ACCEPTED-officer = An officer accepted this crossing.
reason-OFFICER_ACCEPTED-remedy = Nothing to do: name and reason are on record.

reason-OFFICER_REFUSED-traveler = Please speak with the officer at the desk.
reason-OFFICER_REFUSED-officer = An officer refused this crossing.
reason-OFFICER_REFUSED-remedy = Continue with the traveler in person at the desk.

reason-DOCUMENT_UNREADABLE-traveler = Please lay your document flat and try again.
reason-DOCUMENT_UNREADABLE-officer = The reader saw a document but could not read it.
reason-DOCUMENT_UNREADABLE-remedy = Ask the traveler to take off any cover and to present the document again.

reason-READER_UNAVAILABLE-traveler = Please use another gate.
reason-READER_UNAVAILABLE-officer = The document reader does not answer.
reason-READER_UNAVAILABLE-remedy = Check its cable and power. If it stays silent, close the gate and call the technician.

reason-MRZ_UNREADABLE-traveler = Please open the page with your photo and try again.
reason-MRZ_UNREADABLE-officer = No machine readable zone was found on the page.
reason-MRZ_UNREADABLE-remedy = Have the photo page laid flat on the reader, its printed lines clean and uncovered.

reason-MRZ_CHECK_DIGIT_WRONG-traveler = Please lay your document flat and try again.
reason-MRZ_CHECK_DIGIT_WRONG-officer = A check digit of the machine readable zone is wrong.
reason-MRZ_CHECK_DIGIT_WRONG-remedy = Have the document presented again. If the digit stays wrong, examine the printed lines for alteration.

reason-CHIP_NOT_RESPONDING-traveler = Please leave your document on the reader.
reason-CHIP_NOT_RESPONDING-officer = The chip stopped answering before it was read.
reason-CHIP_NOT_RESPONDING-remedy = Have the document presented again and left in place. If that fails too, check it by hand.

reason-CHIP_ACCESS_DENIED-traveler = An officer will help you with your document.
reason-CHIP_ACCESS_DENIED-officer = The chip did not accept the key derived from the machine readable zone.
reason-CHIP_ACCESS_DENIED-remedy = Compare the printed lines with the data page, and read the document again at the desk.

reason-CHIP_PROTOCOL_ERROR-traveler = An officer will help you with your document.
reason-CHIP_PROTOCOL_ERROR-officer = The chip answered otherwise than ICAO Doc 9303 requires.
reason-CHIP_PROTOCOL_ERROR-remedy = Check the document by hand and report its issuer and type to the technician.

reason-PACE_FAILED-traveler = An officer will help you with your document.
reason-PACE_FAILED-officer = The chip could not be opened by PACE as policy demands, and a wrong key is not the cause.
reason-PACE_FAILED-remedy = Read the document again at the desk. If PACE fails there too, check it by hand: policy allows no BAC in its place.

reason-CHIP_DATA_REFUSED-traveler = An officer will help you with your document.
reason-CHIP_DATA_REFUSED-officer = The chip refuses to give data that the crossing needs, such as the portrait (DG2).
reason-CHIP_DATA_REFUSED-remedy = Check the document by hand, and report its issuer and type to the technician.

reason-CHIP_AUTHENTICATION_FAILED-traveler = An officer will help you with your document.
reason-CHIP_AUTHENTICATION_FAILED-officer = Chip Authentication failed: the chip does not hold the key that was issued. It may be a clone.
reason-CHIP_AUTHENTICATION_FAILED-remedy = Do not rely on the chip. Have the document examined at second line as a possible copy.

reason-ACTIVE_AUTHENTICATION_FAILED-traveler = An officer will help you with your document.
reason-ACTIVE_AUTHENTICATION_FAILED-officer = Active Authentication failed: the chip does not hold the key that was issued. It may be a clone.
reason-ACTIVE_AUTHENTICATION_FAILED-remedy = Do not rely on the chip. Have the document examined at second line as a possible copy.

reason-CHIP_NOT_PROVEN_GENUINE-traveler = An officer will help you with your document.
reason-CHIP_NOT_PROVEN_GENUINE-officer = The chip gave no proof that it is the one that was issued, though the signed data or policy require it.
reason-CHIP_NOT_PROVEN_GENUINE-remedy = Examine the document by hand for a copied or replaced chip, then decide.

reason-CHIP_MRZ_MISMATCH-traveler = An officer will help you with your document.
reason-CHIP_MRZ_MISMATCH-officer = The data in the chip (DG1) differ from the printed machine readable zone.
reason-CHIP_MRZ_MISMATCH-remedy = Do not rely on the document until it has been examined at second line.

reason-CHIP_PORTRAIT_UNUSABLE-traveler = An officer will look at your photo with you.
reason-CHIP_PORTRAIT_UNUSABLE-officer = The portrait in the chip (DG2) cannot be decoded or shows no usable face.
reason-CHIP_PORTRAIT_UNUSABLE-remedy = Compare the traveler with the printed portrait, then decide.

reason-PA_HASH_MISMATCH-traveler = An officer will help you with your document.
reason-PA_HASH_MISMATCH-officer = A data group in the chip is not the one that its issuer signed: the hashes differ.
reason-PA_HASH_MISMATCH-remedy = Do not rely on the chip. Have the document examined at second line.

reason-PA_SIGNATURE_INVALID-traveler = An officer will help you with your document.
reason-PA_SIGNATURE_INVALID-officer = The signature over the chip’s data (EF.SOD) does not verify.
reason-PA_SIGNATURE_INVALID-remedy = Do not rely on the chip. Have the document examined at second line.

reason-PA_CSCA_UNKNOWN-traveler = An officer will help you with your document.
reason-PA_CSCA_UNKNOWN-officer = No trusted country certificate (CSCA) stands behind the signer of this document.
reason-PA_CSCA_UNKNOWN-remedy = Check the document by hand, and have the trust store checked for this issuer’s certificate.

reason-PA_SIGNER_EXPIRED-traveler = An officer will help you with your document.
reason-PA_SIGNER_EXPIRED-officer = The certificate of the document’s signer is outside its period of validity.
reason-PA_SIGNER_EXPIRED-remedy = Check the document by hand, then decide.

reason-PA_SIGNER_REVOKED-traveler = An officer will help you with your document.
reason-PA_SIGNER_REVOKED-officer = The certificate of the document’s signer was revoked.
reason-PA_SIGNER_REVOKED-remedy = Do not rely on the chip’s signature. Check the document by hand, and ask its issuer in case of doubt.

reason-PA_COUNTRY_MISMATCH-traveler = An officer will help you with your document.
reason-PA_COUNTRY_MISMATCH-officer = The document was signed by another country than its issuer.
reason-PA_COUNTRY_MISMATCH-remedy = Do not rely on the chip. Have the document examined at second line.

reason-PA_DOCUMENT_TYPE_MISMATCH-traveler = An officer will help you with your document.
reason-PA_DOCUMENT_TYPE_MISMATCH-officer = The document’s signer is not entitled to sign documents of this type.
reason-PA_DOCUMENT_TYPE_MISMATCH-remedy = Check the document by hand, then decide.

reason-PA_MALFORMED-traveler = An officer will help you with your document.
reason-PA_MALFORMED-officer = The chip’s security object (EF.SOD) is not built as ICAO Doc 9303-10 requires.
reason-PA_MALFORMED-remedy = Do not rely on the chip. Have the document examined at second line.

reason-DOCUMENT_EXPIRED-traveler = Your document has expired. An officer will help you.
reason-DOCUMENT_EXPIRED-officer = The document’s date of expiry has passed.
reason-DOCUMENT_EXPIRED-remedy = Check the date by eye, then decide under the rules for expired documents.

reason-DOCUMENT_TYPE_NOT_ADMITTED-traveler = An officer will check this document at the desk.
reason-DOCUMENT_TYPE_NOT_ADMITTED-officer = This gate’s policy does not admit this type of document.
reason-DOCUMENT_TYPE_NOT_ADMITTED-remedy = Process the traveler at the desk.

reason-ISSUER_NOT_ADMITTED-traveler = An officer will check this document at the desk.
reason-ISSUER_NOT_ADMITTED-officer = This gate’s policy does not admit documents of this issuer.
reason-ISSUER_NOT_ADMITTED-remedy = Process the traveler at the desk.

reason-AGE_BELOW_MINIMUM-traveler = Young travelers are welcome at the desk.
reason-AGE_BELOW_MINIMUM-officer = The traveler is younger than this gate’s policy admits.
reason-AGE_BELOW_MINIMUM-remedy = Process the traveler at the desk, together with the accompanying adult.

reason-AGE_UNKNOWN-traveler = An officer will help you.
reason-AGE_UNKNOWN-officer = The date of birth is unknown or incomplete, so that the age cannot be told.
reason-AGE_UNKNOWN-remedy = Establish the age from the data page, then process the traveler at the desk.

reason-CARD_UNKNOWN-traveler = This card is not known here. An officer will help.
reason-CARD_UNKNOWN-officer = The card belongs to no enrollment that this gate knows.
reason-CARD_UNKNOWN-remedy = Look up the card at the enrollment service. A new one reaches the gate with its next synchronization.

reason-ENROLLMENT_SUSPENDED-traveler = Your card is on hold. An officer will help you.
reason-ENROLLMENT_SUSPENDED-officer = The traveler’s enrollment is suspended.
reason-ENROLLMENT_SUSPENDED-remedy = Look up why at the enrollment service, and process the traveler with the travel document.

reason-ENROLLMENT_EXPIRED-traveler = Your enrollment has ended. An officer will help you.
reason-ENROLLMENT_EXPIRED-officer = The traveler’s enrollment has expired.
reason-ENROLLMENT_EXPIRED-remedy = Process the traveler with the travel document and offer a renewal.

reason-ENROLLMENT_REVOKED-traveler = Your registration has to be renewed. An officer will help.
reason-ENROLLMENT_REVOKED-officer = The codes of this enrollment were revoked, so nothing can be compared with the traveler.
reason-ENROLLMENT_REVOKED-remedy = Process the traveler with the travel document, then have face or fingers taken anew at the enrollment desk.

reason-FACTOR_NOT_ENROLLED-traveler = This card needs more here. An officer will help.
reason-FACTOR_NOT_ENROLLED-officer = The enrollment has neither the face nor the finger that this location’s policy asks for.
reason-FACTOR_NOT_ENROLLED-remedy = Process the traveler with the travel document, and offer to have face or fingers enrolled.

reason-CONSENT_ENDED-traveler = Your consent has ended. An officer will help you.
reason-CONSENT_ENDED-officer = The traveler’s consent to compare face or fingers has ended or was withdrawn.
reason-CONSENT_ENDED-remedy = Process the traveler with the travel document. If the traveler wishes, enrollment staff can take a new consent.

reason-ENROLLMENT_CACHE_STALE-traveler = Cards do not work just now. An officer will help.
reason-ENROLLMENT_CACHE_STALE-officer = The gate has been cut off from the enrollment service for longer than its policy allows.
reason-ENROLLMENT_CACHE_STALE-remedy = Process the traveler with the travel document, and have the line to the enrollment service restored.

reason-STORE_CORRUPT-traveler = The gate has a fault. An officer will help you.
reason-STORE_CORRUPT-officer = A record of the gate’s cache cannot be opened: it is damaged or sealed with another key.
reason-STORE_CORRUPT-remedy = Process the traveler with the travel document, and have the technician renew the cache.

reason-FACE_NOT_FOUND-traveler = Please look at the camera.
reason-FACE_NOT_FOUND-officer = No face was in view of the camera.
reason-FACE_NOT_FOUND-remedy = Ask the traveler to stand on the mark, face the camera and uncover the face.

reason-FACE_MULTIPLE-traveler = Only one person at a time, please.
reason-FACE_MULTIPLE-officer = More than one face was in view of the camera.
reason-FACE_MULTIPLE-remedy = See to it that one person stands in the gate, then let the traveler try again.

reason-FACE_IMAGE_BLANK-traveler = The camera has a fault. An officer will help you.
reason-FACE_IMAGE_BLANK-officer = The camera’s picture is blank.
reason-FACE_IMAGE_BLANK-remedy = See whether the lens is covered or the light is off. If neither, call the technician.

reason-FACE_IMAGE_UNREADABLE-traveler = The camera has a fault. An officer will help you.
reason-FACE_IMAGE_UNREADABLE-officer = The camera’s picture cannot be decoded.
reason-FACE_IMAGE_UNREADABLE-remedy = Restart the camera. If it happens again, call the technician.

reason-FACE_QUALITY_LOW-traveler = Please come closer and look at the camera.
reason-FACE_QUALITY_LOW-officer = The face was too small, blurred, dark or turned away.
reason-FACE_QUALITY_LOW-remedy = Ask the traveler to come closer and to face the camera; check the light.

reason-FACE_SCORE_BELOW_THRESHOLD-traveler = An officer will help you in a moment.
reason-FACE_SCORE_BELOW_THRESHOLD-officer = The live face did not reach this location’s threshold when compared with the reference.
reason-FACE_SCORE_BELOW_THRESHOLD-remedy = Compare both pictures and the traveler by eye, then decide.

reason-PRESENTATION_ATTACK_SUSPECTED-traveler = An officer will help you in a moment.
reason-PRESENTATION_ATTACK_SUSPECTED-officer = The face before the cameras may be a picture, a screen or a mask; the detail tells which cue says so.
reason-PRESENTATION_ATTACK_SUSPECTED-remedy = Look at the traveler’s face and hands before you look at the pictures, then decide.

reason-FACE_CAPTURE_TIMEOUT-traveler = An officer will help you in a moment.
reason-FACE_CAPTURE_TIMEOUT-officer = No usable picture of the face was captured in the time allowed.
reason-FACE_CAPTURE_TIMEOUT-remedy = Compare the traveler with the portrait by eye, then decide. If it happens often, check camera and light.

reason-CAMERA_UNAVAILABLE-traveler = The camera has a fault. An officer will help you.
reason-CAMERA_UNAVAILABLE-officer = The camera does not answer.
reason-CAMERA_UNAVAILABLE-remedy = Check its cable and power. If it stays silent, close the gate and call the technician.

reason-CAMERA_DEGRADED-traveler = One camera has a fault. The gate goes on working.
reason-CAMERA_DEGRADED-officer = One of the cameras gives no pictures; the others go on.
reason-CAMERA_DEGRADED-remedy = Check its cable and power, and call the technician. Tall, small or seated travelers may need help meanwhile.

reason-FINGER_NOT_PLACED-traveler = Please place your finger on the sensor.
reason-FINGER_NOT_PLACED-officer = No finger was placed on the sensor in time.
reason-FINGER_NOT_PLACED-remedy = Show the traveler where the sensor is, and how to place the finger flat on it.

reason-FINGER_QUALITY_LOW-traveler = Please try another finger.
reason-FINGER_QUALITY_LOW-officer = The impressions of the finger were too dry, too wet, smudged or of too small a part.
reason-FINGER_QUALITY_LOW-remedy = Worn or injured fingers are normal: have another finger tried, wipe the sensor, or compare by hand.

reason-FINGER_IMAGE_UNREADABLE-traveler = The sensor has a fault. An officer will help you.
reason-FINGER_IMAGE_UNREADABLE-officer = The fingerprint sensor’s picture cannot be decoded.
reason-FINGER_IMAGE_UNREADABLE-remedy = Unplug the sensor and plug it in again. If it happens again, call the technician.

reason-FINGER_SCORE_BELOW_THRESHOLD-traveler = An officer will help you in a moment.
reason-FINGER_SCORE_BELOW_THRESHOLD-officer = The live finger did not reach this location’s threshold when compared with the enrolled fingers.
reason-FINGER_SCORE_BELOW_THRESHOLD-remedy = Ask which fingers were enrolled and check the travel document, then decide.

reason-FINGER_CAPTURE_TIMEOUT-traveler = An officer will help you in a moment.
reason-FINGER_CAPTURE_TIMEOUT-officer = No usable impression of a finger was taken in the time allowed.
reason-FINGER_CAPTURE_TIMEOUT-remedy = Check the travel document, then decide. If it happens often, clean the sensor.

reason-FINGER_SENSOR_UNAVAILABLE-traveler = The sensor has a fault. An officer will help you.
reason-FINGER_SENSOR_UNAVAILABLE-officer = The fingerprint sensor does not answer, or this gate has none.
reason-FINGER_SENSOR_UNAVAILABLE-remedy = Check its cable and who may use its device file. Until then, cards of travelers without an enrolled face come to you.

reason-FINGER_MATCHER_UNAVAILABLE-traveler = The gate has a fault. An officer will help you.
reason-FINGER_MATCHER_UNAVAILABLE-officer = Fingers cannot be compared: a net or its thresholds are missing, or it failed.
reason-FINGER_MATCHER_UNAVAILABLE-remedy = Have the technician install the nets anew, or set finger_extraction to fast. Faces are still compared.

reason-MATCHER_UNAVAILABLE-traveler = The gate has a fault. An officer will help you.
reason-MATCHER_UNAVAILABLE-officer = Faces cannot be compared: a net is missing or failed.
reason-MATCHER_UNAVAILABLE-remedy = Close the gate and have the technician install the nets anew.

reason-ENTRY_TIMEOUT-traveler = Please place your document on the reader again.
reason-ENTRY_TIMEOUT-officer = Nobody came through the entry door in time.
reason-ENTRY_TIMEOUT-remedy = Nothing to do: the traveler may begin again.

reason-TRAVELER_LEFT-traveler = Please place your document on the reader again.
reason-TRAVELER_LEFT-officer = The traveler left before the decision.
reason-TRAVELER_LEFT-remedy = See whether the traveler needs help; otherwise nothing to do.

reason-EXIT_TIMEOUT-traveler = An officer is coming to help you.
reason-EXIT_TIMEOUT-officer = Nobody left by the exit door in time.
reason-EXIT_TIMEOUT-remedy = See whether the traveler is still in the gate and needs help.

reason-REFERRAL_TIMEOUT-traveler = Thank you for waiting. Please go to the desk.
reason-REFERRAL_TIMEOUT-officer = No officer decided the referral in time.
reason-REFERRAL_TIMEOUT-remedy = Receive the traveler at the desk.

reason-OBSTACLE-traveler = Please step away from the door.
reason-OBSTACLE-officer = Something stands in the way of a door.
reason-OBSTACLE-remedy = Have the doorway cleared of people and luggage.

reason-DOOR_FAULT-traveler = Please keep away from the doors. An officer will help.
reason-DOOR_FAULT-officer = A door did not reach its position, or moved without a command.
reason-DOOR_FAULT-remedy = Keep people away from the doors, close the gate and call the technician.

reason-PERSON_INSIDE-traveler = Please wait. An officer is coming
reason-PERSON_INSIDE-officer = Somebody stands between the doors, and no crossing is in progress
reason-PERSON_INSIDE-remedy = Go to the gate; open a door by hand to let the person out, with a reason
reason-INTERLOCK_REFUSED-traveler = Please wait. An officer will help you.
reason-INTERLOCK_REFUSED-officer = The turnstile refused a command, so that both doors are never open together.
reason-INTERLOCK_REFUSED-remedy = Wait until both doors are closed, then try again. If it happens again, call the technician.

reason-BARRIER_LINE_LOST-traveler = The gate has a fault. An officer will help you.
reason-BARRIER_LINE_LOST-officer = The line to the turnstile is lost.
reason-BARRIER_LINE_LOST-remedy = See whether someone is in the gate. Check the turnstile’s cable and power, then call the technician.

reason-EMERGENCY_RELEASE-traveler = Please leave now. All doors are open.
reason-EMERGENCY_RELEASE-officer = The fire input released the doors.
reason-EMERGENCY_RELEASE-remedy = Follow the evacuation plan. Take the gate into service only when the area is declared safe.

reason-GATE_HELD-traveler = Please wait a moment.
reason-GATE_HELD-officer = An officer holds the gate.
reason-GATE_HELD-remedy = Take the gate into service when the cause is settled.

reason-GATE_CLOSED-traveler = Please use another gate.
reason-GATE_CLOSED-officer = An officer closed the gate.
reason-GATE_CLOSED-remedy = Take the gate into service when it is needed again.

reason-CONTROLLER_INTERRUPTED-traveler = An officer is coming to help you.
reason-CONTROLLER_INTERRUPTED-officer = The controller stopped in the middle of this crossing.
reason-CONTROLLER_INTERRUPTED-remedy = See whether a traveler is still in the gate. If it happens again, have the log examined.

reason-JOURNAL_UNAVAILABLE-traveler = Please use another gate.
reason-JOURNAL_UNAVAILABLE-officer = The journal cannot be written, so that no door may move.
reason-JOURNAL_UNAVAILABLE-remedy = Have the technician check the disk and the rights of the journal’s folder.

reason-AUDIT_NOT_WRITTEN-traveler = Please use another gate.
reason-AUDIT_NOT_WRITTEN-officer = What officers do cannot be noted in the audit trail.
reason-AUDIT_NOT_WRITTEN-remedy = Doors still open by hand, and it is noted later; nobody is accepted, and no picture is shown, until then. Have the technician look at the disk.

reason-DISK_FULL-traveler = Please use another gate.
reason-DISK_FULL-officer = The disk of the controller is full.
reason-DISK_FULL-remedy = Have the technician free space on it.

reason-PORT_IN_USE-traveler = Please use another gate.
reason-PORT_IN_USE-officer = A port that the gate needs is used by another program.
reason-PORT_IN_USE-remedy = Have the technician end the other program, or choose another port in the configuration.

reason-CENTRE_UNREACHABLE-traveler = You can use your passport here.
reason-CENTRE_UNREACHABLE-officer = The enrollment service cannot be reached.
reason-CENTRE_UNREACHABLE-remedy = Have the network checked. Records are kept and sent when the service is back.

reason-GATE_NOT_ADMITTED-traveler = You can use your passport here.
reason-GATE_NOT_ADMITTED-officer = The enrollment service does not admit this gate.
reason-GATE_NOT_ADMITTED-remedy = Have the gate’s certificate issued anew by the enrollment service. Until then cards are referred to you; records are kept.

reason-CENTRE_FAULT-traveler = You can use your passport here.
reason-CENTRE_FAULT-officer = The enrollment service answers, but not with what this gate needs.
reason-CENTRE_FAULT-remedy = Have the logs of gate and service examined and their versions compared. Records are kept.

reason-INTERNAL_FAULT-traveler = The gate has a fault. An officer will help you.
reason-INTERNAL_FAULT-officer = The controller met a fault in its own software.
reason-INTERNAL_FAULT-remedy = Restart the gate and send its log to the technician.
