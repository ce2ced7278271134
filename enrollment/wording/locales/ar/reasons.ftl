# Why a crossing went as it did: to the traveler, to the officer, and what to do next. The traveler's text is shown
# large in place of a hint: short, kind, one thing to do.

reason-FACE_MATCHED_CHIP-traveler = شكرًا لك. رحلة سعيدة.
reason-FACE_MATCHED_CHIP-officer = طابق الوجه الحي الصورة المحفوظة في الشريحة.
reason-FACE_MATCHED_CHIP-remedy = لا يلزم أي إجراء.

reason-FACE_MATCHED_ENROLLMENT-traveler = شكرًا لك. رحلة سعيدة.
reason-FACE_MATCHED_ENROLLMENT-officer = طابق الوجه الحي تسجيل المسافر.
reason-FACE_MATCHED_ENROLLMENT-remedy = لا يلزم أي إجراء.

reason-FINGER_MATCHED_ENROLLMENT-traveler = شكرًا لك. رحلة سعيدة.
reason-FINGER_MATCHED_ENROLLMENT-officer = طابق الإصبع الحي تسجيل المسافر.
reason-FINGER_MATCHED_ENROLLMENT-remedy = لا يلزم أي إجراء.

reason-OFFICER_ACCEPTED-traveler = شكرًا لك. رحلة سعيدة.
reason-OFFICER_ACCEPTED-officer = قبِل أحد الموظفين هذا العبور.
reason-OFFICER_ACCEPTED-remedy = لا يلزم أي إجراء: الاسم والسبب مسجّلان.

reason-OFFICER_REFUSED-traveler = تحدّث من فضلك مع الموظف عند المكتب.
reason-OFFICER_REFUSED-officer = رفض أحد الموظفين هذا العبور.
reason-OFFICER_REFUSED-remedy = تابع الإجراءات مع المسافر حضوريًا عند المكتب.

reason-DOCUMENT_UNREADABLE-traveler = ضع وثيقتك مسطّحة وحاول مرة أخرى.
reason-DOCUMENT_UNREADABLE-officer = رصد القارئ وثيقة ولم يتمكن من قراءتها.
reason-DOCUMENT_UNREADABLE-remedy = اطلب من المسافر نزع أي غلاف ثم تقديم الوثيقة مرة أخرى.

reason-READER_UNAVAILABLE-traveler = استخدم بوابة أخرى من فضلك.
reason-READER_UNAVAILABLE-officer = قارئ الوثائق لا يستجيب.
reason-READER_UNAVAILABLE-remedy = افحص كابله وتغذيته الكهربائية. إن لم يستجب، أغلق البوابة واتصل بالفني.

reason-MRZ_UNREADABLE-traveler = افتح صفحة صورتك وحاول مرة أخرى.
reason-MRZ_UNREADABLE-officer = لم يُعثر على منطقة القراءة الآلية في الصفحة.
reason-MRZ_UNREADABLE-remedy = اطلب وضع صفحة الصورة مسطّحة على القارئ، والأسطر المطبوعة نظيفة ومكشوفة.

reason-MRZ_CHECK_DIGIT_WRONG-traveler = ضع وثيقتك مسطّحة وحاول مرة أخرى.
reason-MRZ_CHECK_DIGIT_WRONG-officer = أحد أرقام التحقق في منطقة القراءة الآلية خاطئ.
reason-MRZ_CHECK_DIGIT_WRONG-remedy = اطلب تقديم الوثيقة مرة أخرى. إن تكرّر الخطأ، فافحص الأسطر المطبوعة بحثًا عن أي تغيير.

reason-CHIP_NOT_RESPONDING-traveler = اترك وثيقتك على القارئ من فضلك.
reason-CHIP_NOT_RESPONDING-officer = توقفت الشريحة عن الاستجابة قبل اكتمال القراءة.
reason-CHIP_NOT_RESPONDING-remedy = اطلب تقديم الوثيقة مرة أخرى دون تحريكها. إن فشلت القراءة ثانية، فافحصها يدويًا.

reason-CHIP_ACCESS_DENIED-traveler = سيساعدك أحد الموظفين بشأن وثيقتك.
reason-CHIP_ACCESS_DENIED-officer = لم تقبل الشريحة المفتاح المشتق من منطقة القراءة الآلية.
reason-CHIP_ACCESS_DENIED-remedy = قارن الأسطر المطبوعة بصفحة البيانات، ثم اقرأ الوثيقة من جديد عند المكتب.

reason-CHIP_PROTOCOL_ERROR-traveler = سيساعدك أحد الموظفين بشأن وثيقتك.
reason-CHIP_PROTOCOL_ERROR-officer = لم تستجب الشريحة كما تشترط وثيقة الإيكاو 9303.
reason-CHIP_PROTOCOL_ERROR-remedy = افحص الوثيقة يدويًا وأبلغ الفني بجهة إصدارها ونوعها.

reason-PACE_FAILED-traveler = سيساعدك أحد الموظفين بشأن وثيقتك.
reason-PACE_FAILED-officer = تعذّر فتح الشريحة ببروتوكول PACE كما تشترط السياسة، وليس السبب خطأً في المفتاح.
reason-PACE_FAILED-remedy = اقرأ الوثيقة من جديد عند المكتب. إن فشل PACE هناك أيضًا، فافحصها يدويًا: السياسة لا تسمح باستعمال BAC بدلًا منه.

reason-CHIP_DATA_REFUSED-traveler = سيساعدك أحد الموظفين بشأن وثيقتك.
reason-CHIP_DATA_REFUSED-officer = ترفض الشريحة تقديم بيانات يحتاج إليها العبور، مثل الصورة (DG2).
reason-CHIP_DATA_REFUSED-remedy = افحص الوثيقة يدويًا وأبلغ الفني بجهة إصدارها ونوعها.

reason-CHIP_AUTHENTICATION_FAILED-traveler = سيساعدك أحد الموظفين بشأن وثيقتك.
reason-CHIP_AUTHENTICATION_FAILED-officer = فشلت مصادقة الشريحة: لا تملك الشريحة المفتاح الذي أُصدر لها، وقد تكون نسخة مستنسخة.
reason-CHIP_AUTHENTICATION_FAILED-remedy = لا تعتمد على الشريحة، وحوّل الوثيقة إلى الفحص في الخط الثاني لاحتمال أنها مستنسخة.

reason-ACTIVE_AUTHENTICATION_FAILED-traveler = سيساعدك أحد الموظفين بشأن وثيقتك.
reason-ACTIVE_AUTHENTICATION_FAILED-officer = فشلت المصادقة النشطة: لا تملك الشريحة المفتاح الذي أُصدر لها، وقد تكون نسخة مستنسخة.
reason-ACTIVE_AUTHENTICATION_FAILED-remedy = لا تعتمد على الشريحة، وحوّل الوثيقة إلى الفحص في الخط الثاني لاحتمال أنها مستنسخة.

reason-CHIP_NOT_PROVEN_GENUINE-traveler = سيساعدك أحد الموظفين بشأن وثيقتك.
reason-CHIP_NOT_PROVEN_GENUINE-officer = لم تثبت الشريحة أنها هي التي أُصدرت، مع أن البيانات الموقّعة أو السياسة تشترط ذلك.
reason-CHIP_NOT_PROVEN_GENUINE-remedy = افحص الوثيقة يدويًا بحثًا عن شريحة مستنسخة أو مستبدلة، ثم اتخذ القرار.

reason-CHIP_MRZ_MISMATCH-traveler = سيساعدك أحد الموظفين بشأن وثيقتك.
reason-CHIP_MRZ_MISMATCH-officer = تختلف بيانات الشريحة (DG1) عن منطقة القراءة الآلية المطبوعة.
reason-CHIP_MRZ_MISMATCH-remedy = لا تعتمد على الوثيقة قبل فحصها في الخط الثاني.

reason-CHIP_PORTRAIT_UNUSABLE-traveler = سينظر أحد الموظفين في صورتك معك.
reason-CHIP_PORTRAIT_UNUSABLE-officer = تتعذّر قراءة الصورة في الشريحة (DG2) أو لا يظهر فيها وجه صالح للمقارنة.
reason-CHIP_PORTRAIT_UNUSABLE-remedy = قارن المسافر بالصورة المطبوعة، ثم اتخذ القرار.

reason-PA_HASH_MISMATCH-traveler = سيساعدك أحد الموظفين بشأن وثيقتك.
reason-PA_HASH_MISMATCH-officer = إحدى مجموعات البيانات في الشريحة ليست ما وقّعته جهة الإصدار: البصمتان الرقميتان مختلفتان.
reason-PA_HASH_MISMATCH-remedy = لا تعتمد على الشريحة، وحوّل الوثيقة إلى الفحص في الخط الثاني.

reason-PA_SIGNATURE_INVALID-traveler = سيساعدك أحد الموظفين بشأن وثيقتك.
reason-PA_SIGNATURE_INVALID-officer = التوقيع على بيانات الشريحة (EF.SOD) غير صحيح.
reason-PA_SIGNATURE_INVALID-remedy = لا تعتمد على الشريحة، وحوّل الوثيقة إلى الفحص في الخط الثاني.

reason-PA_CSCA_UNKNOWN-traveler = سيساعدك أحد الموظفين بشأن وثيقتك.
reason-PA_CSCA_UNKNOWN-officer = لا توجد شهادة دولة موثوقة (CSCA) تؤيّد موقّع هذه الوثيقة.
reason-PA_CSCA_UNKNOWN-remedy = افحص الوثيقة يدويًا، واطلب التحقق من وجود شهادة جهة الإصدار هذه في مخزن الثقة.

reason-PA_SIGNER_EXPIRED-traveler = سيساعدك أحد الموظفين بشأن وثيقتك.
reason-PA_SIGNER_EXPIRED-officer = شهادة موقّع الوثيقة خارج مدة صلاحيتها.
reason-PA_SIGNER_EXPIRED-remedy = افحص الوثيقة يدويًا، ثم اتخذ القرار.

reason-PA_SIGNER_REVOKED-traveler = سيساعدك أحد الموظفين بشأن وثيقتك.
reason-PA_SIGNER_REVOKED-officer = أُلغيت شهادة موقّع الوثيقة.
reason-PA_SIGNER_REVOKED-remedy = لا تعتمد على توقيع الشريحة. افحص الوثيقة يدويًا، واسأل جهة إصدارها عند الشك.

reason-PA_COUNTRY_MISMATCH-traveler = سيساعدك أحد الموظفين بشأن وثيقتك.
reason-PA_COUNTRY_MISMATCH-officer = وقّعت الوثيقةَ دولةٌ غير جهة إصدارها.
reason-PA_COUNTRY_MISMATCH-remedy = لا تعتمد على الشريحة، وحوّل الوثيقة إلى الفحص في الخط الثاني.

reason-PA_DOCUMENT_TYPE_MISMATCH-traveler = سيساعدك أحد الموظفين بشأن وثيقتك.
reason-PA_DOCUMENT_TYPE_MISMATCH-officer = لا يحق لموقّع الوثيقة أن يوقّع وثائق من هذا النوع.
reason-PA_DOCUMENT_TYPE_MISMATCH-remedy = افحص الوثيقة يدويًا، ثم اتخذ القرار.

reason-PA_MALFORMED-traveler = سيساعدك أحد الموظفين بشأن وثيقتك.
reason-PA_MALFORMED-officer = كائن الأمان في الشريحة (EF.SOD) غير مبني كما تشترط وثيقة الإيكاو 9303-10.
reason-PA_MALFORMED-remedy = لا تعتمد على الشريحة، وحوّل الوثيقة إلى الفحص في الخط الثاني.

reason-DOCUMENT_EXPIRED-traveler = انتهت صلاحية وثيقتك. سيساعدك أحد الموظفين.
reason-DOCUMENT_EXPIRED-officer = انقضى تاريخ انتهاء صلاحية الوثيقة.
reason-DOCUMENT_EXPIRED-remedy = تحقق من التاريخ بنفسك، ثم اتخذ القرار وفق قواعد الوثائق المنتهية.

reason-DOCUMENT_TYPE_NOT_ADMITTED-traveler = سيراجع أحد الموظفين هذه الوثيقة عند المكتب.
reason-DOCUMENT_TYPE_NOT_ADMITTED-officer = سياسة هذه البوابة لا تقبل هذا النوع من الوثائق.
reason-DOCUMENT_TYPE_NOT_ADMITTED-remedy = أنجز إجراءات المسافر عند المكتب.

reason-ISSUER_NOT_ADMITTED-traveler = سيراجع أحد الموظفين هذه الوثيقة عند المكتب.
reason-ISSUER_NOT_ADMITTED-officer = سياسة هذه البوابة لا تقبل وثائق جهة الإصدار هذه.
reason-ISSUER_NOT_ADMITTED-remedy = أنجز إجراءات المسافر عند المكتب.

reason-AGE_BELOW_MINIMUM-traveler = يُستقبل المسافرون الصغار عند المكتب.
reason-AGE_BELOW_MINIMUM-officer = عمر المسافر أقل مما تقبله سياسة هذه البوابة.
reason-AGE_BELOW_MINIMUM-remedy = أنجز إجراءات المسافر عند المكتب بحضور البالغ المرافق.

reason-AGE_UNKNOWN-traveler = سيساعدك أحد الموظفين.
reason-AGE_UNKNOWN-officer = تاريخ الميلاد مجهول أو ناقص، فلا يمكن معرفة العمر.
reason-AGE_UNKNOWN-remedy = حدّد العمر من صفحة البيانات، ثم أنجز إجراءات المسافر عند المكتب.

reason-CARD_UNKNOWN-traveler = هذه البطاقة غير معروفة هنا. سيساعدك أحد الموظفين.
reason-CARD_UNKNOWN-officer = لا تعود البطاقة إلى أي تسجيل تعرفه هذه البوابة.
reason-CARD_UNKNOWN-remedy = ابحث عن البطاقة في خدمة التسجيل. تصل البطاقة الجديدة إلى البوابة مع المزامنة التالية.

reason-ENROLLMENT_SUSPENDED-traveler = بطاقتك موقوفة مؤقتًا. سيساعدك أحد الموظفين.
reason-ENROLLMENT_SUSPENDED-officer = تسجيل المسافر معلّق.
reason-ENROLLMENT_SUSPENDED-remedy = راجع السبب في خدمة التسجيل، وأنجز إجراءات المسافر بوثيقة سفره.

reason-ENROLLMENT_EXPIRED-traveler = انتهت مدة تسجيلك. سيساعدك أحد الموظفين.
reason-ENROLLMENT_EXPIRED-officer = انتهت صلاحية تسجيل المسافر.
reason-ENROLLMENT_EXPIRED-remedy = أنجز إجراءات المسافر بوثيقة سفره واعرض عليه التجديد.

reason-ENROLLMENT_REVOKED-traveler = يجب تجديد تسجيلك. سيساعدك أحد الموظفين.
reason-ENROLLMENT_REVOKED-officer = أُلغيت رموز هذا التسجيل، فلا يوجد ما يُقارن به المسافر.
reason-ENROLLMENT_REVOKED-remedy = أنجز إجراءات المسافر بوثيقة سفره، ثم ليُلتقط الوجه أو الأصابع من جديد في مكتب التسجيل.

reason-FACTOR_NOT_ENROLLED-traveler = بطاقتك تحتاج إلى استكمال. سيساعدك أحد الموظفين.
reason-FACTOR_NOT_ENROLLED-officer = لا يتضمن التسجيل الوجه ولا الإصبع اللذين يطلبهما هذا الموقع.
reason-FACTOR_NOT_ENROLLED-remedy = أنجز إجراءات المسافر بوثيقة سفره، واعرض عليه تسجيل الوجه أو الأصابع.

reason-CONSENT_ENDED-traveler = انتهت مدة موافقتك. سيساعدك أحد الموظفين.
reason-CONSENT_ENDED-officer = انتهت موافقة المسافر على مقارنة وجهه أو أصابعه أو سُحبت.
reason-CONSENT_ENDED-remedy = أنجز إجراءات المسافر بوثيقة سفره. وإن رغب فليمنح موافقة جديدة لدى موظفي التسجيل.

reason-ENROLLMENT_CACHE_STALE-traveler = البطاقات لا تعمل الآن. سيساعدك أحد الموظفين.
reason-ENROLLMENT_CACHE_STALE-officer = انقطعت البوابة عن خدمة التسجيل مدة أطول مما تسمح به سياستها.
reason-ENROLLMENT_CACHE_STALE-remedy = أنجز إجراءات المسافر بوثيقة سفره، واطلب إعادة الاتصال بخدمة التسجيل.

reason-STORE_CORRUPT-traveler = في البوابة عطل. سيساعدك أحد الموظفين.
reason-STORE_CORRUPT-officer = يتعذّر فتح سجل في ذاكرة البوابة المؤقتة: إما تالف أو مختوم بمفتاح آخر.
reason-STORE_CORRUPT-remedy = أنجز إجراءات المسافر بوثيقة سفره، واطلب من الفني تجديد الذاكرة المؤقتة.

reason-FACE_NOT_FOUND-traveler = انظر إلى الكاميرا من فضلك.
reason-FACE_NOT_FOUND-officer = لم يظهر أي وجه أمام الكاميرا.
reason-FACE_NOT_FOUND-remedy = اطلب من المسافر الوقوف على العلامة ومواجهة الكاميرا وكشف وجهه.

reason-FACE_MULTIPLE-traveler = شخص واحد فقط في كل مرة من فضلك.
reason-FACE_MULTIPLE-officer = ظهر أكثر من وجه أمام الكاميرا.
reason-FACE_MULTIPLE-remedy = تأكد من وجود شخص واحد في البوابة، ثم دع المسافر يحاول مرة أخرى.

reason-FACE_IMAGE_BLANK-traveler = في الكاميرا عطل. سيساعدك أحد الموظفين.
reason-FACE_IMAGE_BLANK-officer = صورة الكاميرا فارغة.
reason-FACE_IMAGE_BLANK-remedy = تحقق من أن العدسة غير مغطاة وأن الإضاءة تعمل. وإلا فاتصل بالفني.

reason-FACE_IMAGE_UNREADABLE-traveler = في الكاميرا عطل. سيساعدك أحد الموظفين.
reason-FACE_IMAGE_UNREADABLE-officer = تتعذّر قراءة صورة الكاميرا.
reason-FACE_IMAGE_UNREADABLE-remedy = أعد تشغيل الكاميرا. إن تكرّر ذلك، فاتصل بالفني.

reason-FACE_QUALITY_LOW-traveler = اقترب وانظر إلى الكاميرا من فضلك.
reason-FACE_QUALITY_LOW-officer = كان الوجه صغيرًا جدًا أو غير واضح أو معتمًا أو ملتفتًا.
reason-FACE_QUALITY_LOW-remedy = اطلب من المسافر الاقتراب ومواجهة الكاميرا، وتحقق من الإضاءة.

reason-FACE_SCORE_BELOW_THRESHOLD-traveler = سيساعدك أحد الموظفين بعد لحظات.
reason-FACE_SCORE_BELOW_THRESHOLD-officer = لم تبلغ مقارنة الوجه الحي بالصورة المرجعية العتبة المحددة لهذا الموقع.
reason-FACE_SCORE_BELOW_THRESHOLD-remedy = قارن الصورتين والمسافر بنفسك، ثم اتخذ القرار.

reason-PRESENTATION_ATTACK_SUSPECTED-traveler = سيساعدك أحد الموظفين بعد لحظات.
reason-PRESENTATION_ATTACK_SUSPECTED-officer = قد يكون الوجه أمام الكاميرات صورة أو شاشة أو قناعًا؛ والتفاصيل تبيّن المؤشر الذي دلّ على ذلك.
reason-PRESENTATION_ATTACK_SUSPECTED-remedy = انظر أولًا إلى وجه المسافر ويديه، ثم إلى الصور، ثم اتخذ القرار.

reason-FACE_CAPTURE_TIMEOUT-traveler = سيساعدك أحد الموظفين بعد لحظات.
reason-FACE_CAPTURE_TIMEOUT-officer = لم تُلتقط صورة صالحة للوجه في الوقت المسموح.
reason-FACE_CAPTURE_TIMEOUT-remedy = قارن المسافر بالصورة بنفسك، ثم اتخذ القرار. إن تكرّر ذلك، فافحص الكاميرا والإضاءة.

reason-CAMERA_UNAVAILABLE-traveler = في الكاميرا عطل. سيساعدك أحد الموظفين.
reason-CAMERA_UNAVAILABLE-officer = الكاميرا لا تستجيب.
reason-CAMERA_UNAVAILABLE-remedy = افحص كابلها وتغذيتها الكهربائية. إن لم تستجب، أغلق البوابة واتصل بالفني.

reason-CAMERA_DEGRADED-traveler = في إحدى الكاميرات عطل. البوابة تواصل العمل.
reason-CAMERA_DEGRADED-officer = إحدى الكاميرات لا تعطي صورًا، والبقية تعمل.
reason-CAMERA_DEGRADED-remedy = افحص كابلها وتغذيتها الكهربائية واتصل بالفني. قد يحتاج المسافرون طوال القامة أو قصارها أو الجالسون إلى مساعدة في هذه الأثناء.

reason-FINGER_NOT_PLACED-traveler = ضع إصبعك على المستشعر من فضلك.
reason-FINGER_NOT_PLACED-officer = لم يوضع أي إصبع على المستشعر في الوقت المحدد.
reason-FINGER_NOT_PLACED-remedy = أرِ المسافر مكان المستشعر وكيف يضع إصبعه عليه منبسطًا.

reason-FINGER_QUALITY_LOW-traveler = جرّب إصبعًا آخر من فضلك.
reason-FINGER_QUALITY_LOW-officer = كانت البصمات جافة جدًا أو رطبة جدًا أو مطموسة أو جزئية جدًا.
reason-FINGER_QUALITY_LOW-remedy = الأصابع البالية أو المجروحة أمر معتاد: اطلب إصبعًا آخر، أو امسح المستشعر، أو تحقق بنفسك.

reason-FINGER_IMAGE_UNREADABLE-traveler = في المستشعر عطل. سيساعدك أحد الموظفين.
reason-FINGER_IMAGE_UNREADABLE-officer = تتعذّر قراءة صورة مستشعر البصمات.
reason-FINGER_IMAGE_UNREADABLE-remedy = افصل المستشعر ثم أعد توصيله. إن تكرّر ذلك، فاتصل بالفني.

reason-FINGER_SCORE_BELOW_THRESHOLD-traveler = سيساعدك أحد الموظفين بعد لحظات.
reason-FINGER_SCORE_BELOW_THRESHOLD-officer = لم تبلغ مقارنة الإصبع الحي بالأصابع المسجلة العتبة المحددة لهذا الموقع.
reason-FINGER_SCORE_BELOW_THRESHOLD-remedy = اسأل عن الأصابع المسجلة وافحص وثيقة السفر، ثم اتخذ القرار.

reason-FINGER_CAPTURE_TIMEOUT-traveler = سيساعدك أحد الموظفين بعد لحظات.
reason-FINGER_CAPTURE_TIMEOUT-officer = لم تؤخذ بصمة صالحة في الوقت المسموح.
reason-FINGER_CAPTURE_TIMEOUT-remedy = افحص وثيقة السفر، ثم اتخذ القرار. إن تكرّر ذلك، فنظّف المستشعر.

reason-FINGER_SENSOR_UNAVAILABLE-traveler = في المستشعر عطل. سيساعدك أحد الموظفين.
reason-FINGER_SENSOR_UNAVAILABLE-officer = مستشعر البصمات لا يستجيب، أو لا يوجد في هذه البوابة.
reason-FINGER_SENSOR_UNAVAILABLE-remedy = افحص كابله وصلاحيات استخدام الجهاز. وحتى ذلك الحين تُحال إليك بطاقات من لم يُسجَّل وجهه.

reason-FINGER_MATCHER_UNAVAILABLE-traveler = في البوابة عطل. سيساعدك أحد الموظفين.
reason-FINGER_MATCHER_UNAVAILABLE-officer = تتعذّر مقارنة الأصابع: شبكة عصبية أو عتباتها مفقودة، أو أنها فشلت.
reason-FINGER_MATCHER_UNAVAILABLE-remedy = اطلب من الفني إعادة تثبيت الشبكات. ما زالت الوجوه تُقارَن.

reason-MATCHER_UNAVAILABLE-traveler = في البوابة عطل. سيساعدك أحد الموظفين.
reason-MATCHER_UNAVAILABLE-officer = تتعذّر مقارنة الوجوه: شبكة عصبية مفقودة أو فشلت.
reason-MATCHER_UNAVAILABLE-remedy = أغلق البوابة واطلب من الفني إعادة تثبيت الشبكات.

reason-ENTRY_TIMEOUT-traveler = ضع وثيقتك على القارئ مرة أخرى من فضلك.
reason-ENTRY_TIMEOUT-officer = لم يدخل أحد من باب الدخول في الوقت المحدد.
reason-ENTRY_TIMEOUT-remedy = لا يلزم أي إجراء: يمكن للمسافر البدء من جديد.

reason-TRAVELER_LEFT-traveler = ضع وثيقتك على القارئ مرة أخرى من فضلك.
reason-TRAVELER_LEFT-officer = غادر المسافر قبل صدور القرار.
reason-TRAVELER_LEFT-remedy = تحقق مما إذا كان المسافر يحتاج إلى مساعدة، وإلا فلا يلزم أي إجراء.

reason-EXIT_TIMEOUT-traveler = أحد الموظفين قادم لمساعدتك.
reason-EXIT_TIMEOUT-officer = لم يخرج أحد من باب الخروج في الوقت المحدد.
reason-EXIT_TIMEOUT-remedy = تحقق مما إذا كان المسافر لا يزال في البوابة ويحتاج إلى مساعدة.

reason-REFERRAL_TIMEOUT-traveler = شكرًا لانتظارك. توجّه إلى المكتب من فضلك.
reason-REFERRAL_TIMEOUT-officer = لم يتخذ أي موظف قرارًا في الوقت المحدد.
reason-REFERRAL_TIMEOUT-remedy = استقبل المسافر عند المكتب.

reason-OBSTACLE-traveler = ابتعد عن الباب من فضلك.
reason-OBSTACLE-officer = شيء ما يعترض حركة أحد الأبواب.
reason-OBSTACLE-remedy = اطلب إخلاء الممر من الأشخاص والأمتعة.

reason-DOOR_FAULT-traveler = ابتعد عن الأبواب من فضلك. سيساعدك أحد الموظفين.
reason-DOOR_FAULT-officer = لم يبلغ أحد الأبواب موضعه أو تحرّك دون أمر.
reason-DOOR_FAULT-remedy = أبعد الأشخاص عن الأبواب، وأغلق البوابة، واتصل بالفني.

reason-PERSON_INSIDE-traveler = يرجى الانتظار، سيصل إليك موظف
reason-PERSON_INSIDE-officer = يوجد شخص بين البابين ولا توجد عملية عبور جارية
reason-PERSON_INSIDE-remedy = توجّه إلى البوابة وافتح أحد البابين يدويًا لإخراج الشخص، مع ذكر السبب
reason-INTERLOCK_REFUSED-traveler = انتظر من فضلك. سيساعدك أحد الموظفين.
reason-INTERLOCK_REFUSED-officer = رفضت آلية الأبواب أمرًا كي لا ينفتح البابان معًا أبدًا.
reason-INTERLOCK_REFUSED-remedy = انتظر حتى يُغلق البابان ثم حاول مرة أخرى. إن تكرّر ذلك، فاتصل بالفني.

reason-BARRIER_LINE_LOST-traveler = في البوابة عطل. سيساعدك أحد الموظفين.
reason-BARRIER_LINE_LOST-officer = انقطع الخط مع آلية الأبواب.
reason-BARRIER_LINE_LOST-remedy = تحقق مما إذا كان أحد داخل البوابة. افحص كابل آلية الأبواب وتغذيتها، ثم اتصل بالفني.

reason-EMERGENCY_RELEASE-traveler = غادر الآن من فضلك. جميع الأبواب مفتوحة.
reason-EMERGENCY_RELEASE-officer = حرّر إنذار الحريق الأبواب.
reason-EMERGENCY_RELEASE-remedy = اتبع خطة الإخلاء. لا تُعِد البوابة إلى الخدمة إلا بعد إعلان سلامة المنطقة.

reason-GATE_HELD-traveler = انتظر لحظة من فضلك.
reason-GATE_HELD-officer = أوقف أحد الموظفين البوابة مؤقتًا.
reason-GATE_HELD-remedy = أعد البوابة إلى الخدمة بعد زوال السبب.

reason-GATE_CLOSED-traveler = استخدم بوابة أخرى من فضلك.
reason-GATE_CLOSED-officer = أغلق أحد الموظفين البوابة.
reason-GATE_CLOSED-remedy = أعد البوابة إلى الخدمة عند الحاجة إليها.

reason-CONTROLLER_INTERRUPTED-traveler = أحد الموظفين قادم لمساعدتك.
reason-CONTROLLER_INTERRUPTED-officer = توقفت وحدة التحكم في أثناء هذا العبور.
reason-CONTROLLER_INTERRUPTED-remedy = تحقق مما إذا كان مسافر لا يزال في البوابة. إن تكرّر ذلك، فاطلب فحص السجل التقني.

reason-JOURNAL_UNAVAILABLE-traveler = استخدم بوابة أخرى من فضلك.
reason-JOURNAL_UNAVAILABLE-officer = تتعذّر الكتابة في سجل العبور، لذا لا يجوز تحريك أي باب.
reason-JOURNAL_UNAVAILABLE-remedy = اطلب من الفني فحص القرص وصلاحيات مجلد السجل.

reason-AUDIT_NOT_WRITTEN-traveler = استخدم بوابة أخرى من فضلك.
reason-AUDIT_NOT_WRITTEN-officer = لا يمكن قيد أفعال الموظفين في سجل التدقيق.
reason-AUDIT_NOT_WRITTEN-remedy = ما زالت الأبواب تُفتح يدويًا ويُقيَّد ذلك لاحقًا؛ وحتى ذلك الحين لا يُقبل أحد ولا تُعرض صورة. اطلب من الفني فحص القرص.

reason-DISK_FULL-traveler = استخدم بوابة أخرى من فضلك.
reason-DISK_FULL-officer = قرص وحدة التحكم ممتلئ.
reason-DISK_FULL-remedy = اطلب من الفني إخلاء مساحة فيه.

reason-PORT_IN_USE-traveler = استخدم بوابة أخرى من فضلك.
reason-PORT_IN_USE-officer = برنامج آخر يستخدم منفذًا تحتاج إليه البوابة.
reason-PORT_IN_USE-remedy = اطلب من الفني إيقاف البرنامج الآخر أو اختيار منفذ آخر في الإعدادات.

reason-CENTRE_UNREACHABLE-traveler = يمكنك استخدام جواز سفرك هنا.
reason-CENTRE_UNREACHABLE-officer = يتعذّر الوصول إلى خدمة التسجيل.
reason-CENTRE_UNREACHABLE-remedy = اطلب فحص الشبكة. تُحفظ السجلات وتُرسل عند عودة الخدمة.

reason-GATE_NOT_ADMITTED-traveler = يمكنك استخدام جواز سفرك هنا.
reason-GATE_NOT_ADMITTED-officer = خدمة التسجيل لا تعتمد هذه البوابة.
reason-GATE_NOT_ADMITTED-remedy = اطلب من خدمة التسجيل إصدار شهادة جديدة للبوابة. حتى ذلك الحين تُحال البطاقات إليك، وتُحفظ السجلات.

reason-CENTRE_FAULT-traveler = يمكنك استخدام جواز سفرك هنا.
reason-CENTRE_FAULT-officer = خدمة التسجيل تجيب، لكن ليس بما تحتاج إليه هذه البوابة.
reason-CENTRE_FAULT-remedy = اطلب فحص سجلات التشغيل في البوابة والخدمة ومقارنة إصداريهما. تُحفظ سجلات العبور.

reason-INTERNAL_FAULT-traveler = في البوابة عطل. سيساعدك أحد الموظفين.
reason-INTERNAL_FAULT-officer = حدث خطأ داخلي في برنامج وحدة التحكم.
reason-INTERNAL_FAULT-remedy = أعد تشغيل البوابة وأرسل سجلها التقني إلى الفني.
